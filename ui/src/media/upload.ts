import { API, ApiError, csrfHeaders } from "../api/client";
import type { MediaFile, Problem } from "../api/types";

/** Puts an image into the library. */
export async function uploadImage(file: File): Promise<MediaFile> {
  const body = new FormData();
  body.append("file", file);
  const offline: Problem = { type: "/problems/offline", title: "offline", status: 0 };
  const answer = await fetch(`${API}/media`, { method: "POST", headers: csrfHeaders(), body }).catch(
    () => null,
  );
  if (!answer) throw new ApiError(offline);
  const said = (await answer.json().catch(() => offline)) as MediaFile & Problem;
  if (!answer.ok) throw new ApiError({ ...said, status: answer.status });
  return said;
}
