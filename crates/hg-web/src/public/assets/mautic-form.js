/* Honeyguide forms: sends them without leaving the page. Without this script they are ordinary posts. */
(function (w, d) {
  var site = w.MauticDomain || '__SITE__';
  function el(form, suffix) { return d.getElementById('mauticform_' + form + suffix); }
  function hook(form, name, value) {
    var hooks = (w.MauticFormCallback || {})[form] || {};
    return hooks[name] ? hooks[name](value) : null;
  }
  function mark(form, alias, text) {
    var row = el(form, '_' + alias);
    if (!row || hook(form, 'onErrorMark', { field: alias, message: text })) return;
    row.classList.toggle('mauticform-has-error', !!text);
    var msg = row.querySelector('.mauticform-errormsg');
    if (msg) { msg.style.display = text ? 'block' : 'none'; if (text) msg.textContent = text; }
    var input = row.querySelector('input,select,textarea');
    if (input) input.setAttribute('aria-invalid', text ? 'true' : 'false');
  }
  function clear(form, node) {
    hook(form, 'onErrorClear');
    node.querySelectorAll('.mauticform-row').forEach(function (row) { mark(form, row.id.slice(('mauticform_' + form + '_').length), ''); });
    say(form, 'error', ''); say(form, 'message', '');
  }
  function say(form, kind, html) {
    if (html && hook(form, 'onMessageSet', { message: html, type: kind })) return;
    var box = el(form, '_' + kind);
    if (box) box.innerHTML = html;
  }
  function valid(form, node) {
    var own = hook(form, 'onValidate');
    if (own !== null && own !== undefined) return own;
    hook(form, 'onValidateStart');
    var ok = true;
    node.querySelectorAll('[data-validate]').forEach(function (row) {
      if (row.hasAttribute('data-validate-disable')) return;
      var input = row.querySelector('input,select,textarea'), empty = !input || (input.type === 'checkbox' ? !input.checked : !input.value.trim());
      if (empty) { ok = false; var m = row.querySelector('.mauticform-errormsg'); mark(form, row.getAttribute('data-validate'), m ? m.textContent : 'Required'); }
    });
    hook(form, 'onValidateEnd', ok);
    return ok;
  }
  function answered(form, node, r) {
    hook(form, 'onResponseStart', r);
    if (hook(form, 'onResponse', r)) return;
    if (r.validationErrors) Object.keys(r.validationErrors).forEach(function (k) { mark(form, k, r.validationErrors[k]); });
    if (r.errorMessage) say(form, 'error', r.errorMessage);
    if (r.success) {
      node.classList.add('mauticform-post-success');
      if (r.redirect) { w.location.href = r.redirect; } else {
        say(form, 'message', r.successMessage || '');
        node.querySelector('.mauticform-innerform').style.display = 'none';
      }
    }
    hook(form, 'onResponseEnd', r);
  }
  function bind(node) {
    var form = node.getAttribute('data-mautic-form');
    if (!form || node.getAttribute('data-hg')) return;
    node.setAttribute('data-hg', '1');
    var nonce = Math.random().toString(36).slice(2) + Date.now().toString(36);
    var back = node.querySelector('[name="mauticform[return]"]');
    if (back && !back.value) back.value = w.location.href;
    node.addEventListener('submit', function (event) {
      event.preventDefault();
      clear(form, node);
      if (!valid(form, node)) return;
      var button = node.querySelector('button'), data = new FormData(node);
      if (!data.get('mauticform[nonce]')) data.append('mauticform[nonce]', nonce);
      if (button) button.disabled = true;
      fetch(site + '/form/submit/ajax?formId=' + encodeURIComponent(data.get('mauticform[formId]')), { method: 'POST', body: data, credentials: 'include', headers: { 'X-Requested-With': 'XMLHttpRequest' } })
        .then(function (r) { return r.json(); })
        .then(function (r) { answered(form, node, r); if (!r.success && button) button.disabled = false; })
        .catch(function () { node.submit(); });
    });
  }
  w.MauticSDK = { onLoad: function () { d.querySelectorAll('form[data-mautic-form]').forEach(bind); } };
  if (d.readyState !== 'loading') w.MauticSDK.onLoad(); else d.addEventListener('DOMContentLoaded', w.MauticSDK.onLoad);
})(window, document);
