// Draws the reference from openapi.json. Nothing is loaded from elsewhere.
const el = (tag, props = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children);
  return node;
};

const typeOf = (schema, api, depth = 0) => {
  if (!schema) return 'any';
  if (schema.$ref) {
    const name = schema.$ref.split('/').pop();
    return depth > 1 ? name : typeOf(api.components.schemas[name], api, depth + 1);
  }
  if (schema.oneOf || schema.anyOf) return (schema.oneOf || schema.anyOf).map((s) => typeOf(s, api, depth)).join(' | ');
  if (schema.enum) return schema.enum.map((v) => JSON.stringify(v)).join(' | ');
  const kind = Array.isArray(schema.type) ? schema.type.join(' | ') : schema.type;
  if (kind === 'array') return `[${typeOf(schema.items, api, depth)}]`;
  if (schema.properties) {
    const pad = '  '.repeat(depth + 1);
    const required = new Set(schema.required || []);
    const lines = Object.entries(schema.properties).map(
      ([name, s]) => `${pad}${name}${required.has(name) ? '' : '?'}: ${typeOf(s, api, depth + 1)}${s.description ? `  // ${s.description.split('\n')[0]}` : ''}`,
    );
    return `{\n${lines.join('\n')}\n${'  '.repeat(depth)}}`;
  }
  return kind || 'any';
};

const draw = (api) => {
  document.getElementById('about').textContent = api.info.description;
  const list = document.getElementById('list');
  const operations = document.getElementById('operations');
  const groups = new Map();
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, op] of Object.entries(methods)) {
      if (!op || !op.responses) continue;
      const tag = (op.tags && op.tags[0]) || 'other';
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push({ path, method, op });
    }
  }
  for (const [tag, ops] of groups) {
    list.append(el('h2', { textContent: tag }));
    for (const { path, method, op } of ops) {
      const id = `${method}-${path}`.replace(/[^a-z0-9]+/gi, '-');
      const words = `${method} ${path} ${op.summary || op.description || ''}`.toLowerCase();
      const link = el('a', { href: `#${id}`, textContent: `${method.toUpperCase()} ${path}` });
      link.dataset.words = words;
      list.append(link);
      const article = el('article', { id }, el('h3', {}, el('span', { className: 'method', textContent: method.toUpperCase() }), path));
      article.append(el('p', { textContent: [op.summary, op.description].filter(Boolean).join(' ') }));
      if (op.parameters && op.parameters.length > 0) {
        const rows = op.parameters.map((p) =>
          el('tr', {}, el('td', {}, el('code', { textContent: p.name })), el('td', { textContent: p.in }), el('td', { textContent: typeOf(p.schema, api) }), el('td', { textContent: p.description || '' })),
        );
        const head = el('tr', {}, ...['Parameter', 'Where', 'Type', 'Meaning'].map((t) => el('th', { scope: 'col', textContent: t })));
        article.append(el('table', {}, el('thead', {}, head), el('tbody', {}, ...rows)));
      }
      const body = op.requestBody && Object.values(op.requestBody.content)[0];
      if (body) article.append(el('p', { className: 'dim', textContent: 'Body' }), el('pre', { textContent: typeOf(body.schema, api), tabIndex: 0 }));
      for (const [status, answer] of Object.entries(op.responses)) {
        const content = answer.content && Object.values(answer.content)[0];
        article.append(el('p', { className: 'dim', textContent: `${status} ${answer.description || ''}` }));
        if (content && content.schema) article.append(el('pre', { textContent: typeOf(content.schema, api), tabIndex: 0 }));
      }
      operations.append(article);
    }
  }
  document.getElementById('filter').addEventListener('input', (event) => {
    const wanted = event.target.value.toLowerCase();
    for (const link of list.querySelectorAll('a')) link.hidden = !link.dataset.words.includes(wanted);
  });
  if (location.hash) location.replace(location.hash);
};

fetch('openapi.json').then((r) => r.json()).then(draw);
