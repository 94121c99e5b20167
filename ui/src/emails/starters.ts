/** Where the button leads: to a landing page when one was chosen. */
const goal = (page: number | null) => (page ? `{pagelink=${page}}` : "https://example.org");

/** What a new email starts with: a readable letter in HTML that works everywhere. */
export const letterHtml = (page: number | null) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{subject}</title>
</head>
<body style="margin:0;background:#f4f4f7;font-family:Helvetica,Arial,sans-serif;color:#22252f">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0">
<tr><td align="center" style="padding:32px 16px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:600px;background:#ffffff;border-radius:12px">
<tr><td style="padding:36px 40px;font-size:16px;line-height:1.6">
<p style="margin:0 0 16px">Hello {contactfield=firstname|friend},</p>
<p style="margin:0 0 16px">write here what it is about, in a few sentences.</p>
<p style="margin:24px 0"><a href="${goal(page)}" style="background:#4f46e5;color:#ffffff;text-decoration:none;padding:12px 22px;border-radius:8px;display:inline-block">What to do next</a></p>
<p style="margin:0">Kind regards</p>
</td></tr>
</table>
<p style="font-size:12px;color:#6b7085;margin:20px 0">{unsubscribe_text}</p>
</td></tr>
</table>
</body>
</html>
`;
