/* Honeyguide tracking. mt('send','pageview'), mt('send','pageview',{field:value}), mt('reset'). */
(function (w, d, n) {
  var site = '__SITE__', name = w.MauticTrackingObject || 'mt', first = true, busy = false, queue = [], counter = 0;
  var M = (w.MauticJS = w.MauticJS || {});
  var ready = [];
  function store(set) {
    try {
      if (set === null) { w.localStorage.removeItem('mautic_device_id'); w.localStorage.removeItem('mtc_id'); return; }
      if (set) { w.localStorage.setItem('mautic_device_id', set.device_id); w.localStorage.setItem('mtc_id', set.id); return; }
      return w.localStorage.getItem('mtc_id') ? w.localStorage.getItem('mautic_device_id') : null;
    } catch (e) { return null; }
  }
  function tell(event, detail) { d.dispatchEvent(new CustomEvent(event, { detail: detail })); }
  M.serialize = function (o) {
    return Object.keys(o).filter(function (k) { return o[k] !== undefined && o[k] !== null; })
      .map(function (k) { return encodeURIComponent(k) + '=' + encodeURIComponent(o[k]); }).join('&');
  };
  M.makeCORSRequest = function (method, url, data, ok, err) {
    var x = new XMLHttpRequest();
    x.open(method, url, true);
    x.withCredentials = true;
    x.setRequestHeader('X-Requested-With', 'XMLHttpRequest');
    x.setRequestHeader('Content-Type', 'application/x-www-form-urlencoded');
    x.onreadystatechange = function () {
      if (x.readyState !== 4) return;
      var r = null;
      try { r = JSON.parse(x.responseText); } catch (e) {}
      if (x.status === 200 && r) { if (ok) ok(r, x); } else if (err) err(r, x);
    };
    x.send(data || '');
  };
  M.setTrackedContact = function (r) { if (r && r.id && r.device_id) store(r); };
  M.getTrackedContact = function (f) { M.makeCORSRequest('GET', site + '/mtc', '', function (r) { M.setTrackedContact(r); if (f) f(r); }); };
  M.onFirstEventDelivery = function (f) { if (first) ready.push(f); else f(); };
  M.documentReady = function (f) { if (d.readyState === 'loading') d.addEventListener('DOMContentLoaded', f); else f(); };
  function about() {
    var zone = '';
    try { zone = Intl.DateTimeFormat().resolvedOptions().timeZone || ''; } catch (e) {}
    var ref = '';
    try { ref = d.referrer ? new URL(d.referrer).hostname : ''; } catch (e) {}
    return {
      page_title: d.title, page_language: n.language, preferred_locale: (n.language || '').replace('-', '_'), page_referrer: ref,
      page_url: w.location.href, counter: counter++, timezone_offset: new Date().getTimezoneOffset(), timezone: zone,
      resolution: w.screen.width + 'x' + w.screen.height, platform: n.platform,
      do_not_track: n.doNotTrack === '1' || n.globalPrivacyControl ? 1 : undefined, mautic_device_id: store() || undefined
    };
  }
  function done(event, params, response, options) {
    busy = false;
    if (first) { first = false; ready.forEach(function (f) { f(); }); }
    tell('mauticPageEventDelivered', { event: event, params: params, response: response, image: !response });
    if (options && options.onload) options.onload(response);
    next();
  }
  function next() {
    if (busy || !queue.length) return;
    busy = true;
    var job = queue.shift(), params = about();
    Object.keys(job[2] || {}).forEach(function (k) { params[k] = job[2][k]; });
    var body = M.serialize(params);
    M.makeCORSRequest('POST', site + '/mtc/event', body, function (r) {
      M.setTrackedContact(r);
      done(job, params, r, job[3]);
    }, function () {
      var i = new Image(1, 1);
      i.onload = i.onerror = function () { done(job, params, null, job[3]); };
      i.src = site + '/mtracking.gif?' + body;
    });
  }
  function take(args) {
    if (args[0] === 'reset') return store(null);
    if (args[0] !== 'send' || args[1] !== 'pageview') return;
    queue.push(args);
    tell('eventAddedToMauticQueue', args);
    next();
  }
  M.sendPageview = function (params) { take(['send', 'pageview', params]); };
  var waiting = (w[name] && w[name].q) || [];
  w[name] = function () { take([].slice.call(arguments)); };
  for (var i = 0; i < waiting.length; i++) take([].slice.call(waiting[i]));
})(window, document, navigator);
