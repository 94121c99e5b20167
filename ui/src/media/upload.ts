import { API, ApiError, csrfHeaders } from "../api/client";
import type { MediaFile, Problem } from "../api/types";

/** Sends a file as the part “file” of a form. */
export async function uploadFile<T>(path: string, file: File): Promise<T> {
  const body = new FormData();
  body.append("file", file);
  const offline: Problem = { type: "/problems/offline", title: "offline", status: 0 };
  const answer = await fetch(`${API}${path}`, { method: "POST", headers: csrfHeaders(), body }).catch(
    () => null,
  );
  if (!answer) throw new ApiError(offline);
  const said = (await answer.json().catch(() => offline)) as T & Problem;
  if (!answer.ok) throw new ApiError({ ...said, status: answer.status });
  return said;
}

/** Puts an image into the library. */
export const uploadImage = (file: File) => uploadFile<MediaFile>("/media", file);
