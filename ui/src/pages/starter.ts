/** What a new landing page starts with: a headline, two sentences, and the form when one was chosen. */
export const pageHtml = (form: number | null) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{pagetitle}</title>
<style>
  body { margin: 0; font: 17px/1.6 system-ui, sans-serif; color: #22252f; background: #f6f7fb; }
  main { max-width: 640px; margin: 0 auto; padding: 64px 24px; }
  h1 { font-size: 36px; line-height: 1.2; margin: 0 0 16px; }
  .mauticform-label { font-weight: 600; }
  input[type="text"], input[type="email"], textarea, select { border: 1px solid #8b90a0; border-radius: 8px; background: #fff; }
  input, textarea, select { width: 100%; box-sizing: border-box; padding: 10px; margin: 4px 0 14px; font: inherit; }
  button { padding: 12px 22px; font: inherit; border: 0; border-radius: 8px; background: #4f46e5; color: #fff; }
</style>
</head>
<body>
<main>
  <h1>{pagetitle}</h1>
  <p>Say in two sentences what visitors get here and what they should do.</p>${form ? `\n  {form=${form}}` : ""}
</main>
</body>
</html>
`;
