const SIGNS = [
  /class=["']?Mso/i,
  /<o:p[\s>/]/i,
  /urn:schemas-microsoft-com:office:word/i,
  /content="Microsoft Word/i,
];

/** Whether HTML comes from Word or Outlook; what mail designers write for Outlook does not. */
export function looksLikeWord(source: string): boolean {
  return SIGNS.some((sign) => sign.test(source));
}
