'use strict';
// Marks what depends on what is pointed at, filters, and walks the picture by the keyboard. Nothing is laid out here.
(() => {
  const all = (what, where = document) => [...where.querySelectorAll(what)];
  const one = (id) => document.getElementById(id);
  const data = JSON.parse(one('data').textContent);
  const objects = data.groups.length;
  const pictures = all('#picture svg');
  const rows = all('tr[data-o]').sort((a, b) => a.dataset.o - b.dataset.o);
  const inPictures = pictures.map((svg) => ({
    svg,
    objects: new Map(all('a[data-o]', svg).map((a) => [Number(a.dataset.o), a])),
    groups: new Map(all('a[data-g]', svg).map((a) => [Number(a.dataset.g), a])),
    edges: all('path', svg),
  }));

  // Who depends on these, whatever lies between; what groups offer to others counts from `objects` on.
  const reach = (from) => {
    const seen = new Set(from);
    const open = [...from];
    while (open.length) {
      for (const next of data.dependents[open.pop()]) {
        if (!seen.has(next)) { seen.add(next); open.push(next); }
      }
    }
    return seen;
  };

  let shown = '';
  const show = (kind, at) => {
    if (shown === kind + at) return;
    clear();
    shown = kind + at;
    const from = kind === 'o' ? [at] : data.groups.flatMap((group, place) => (group === at ? [place] : []));
    const seen = reach(from);
    const own = new Set(from);
    const hit = [...seen].filter((place) => place < objects && !own.has(place));
    const groups = new Set(hit.map((place) => data.groups[place]));
    const home = kind === 'o' ? data.groups[at] : at;
    for (const picture of inPictures) {
      picture.svg.classList.add('radius');
      for (const place of hit) picture.objects.get(place)?.classList.add('hit');
      for (const place of own) picture.objects.get(place)?.classList.add('self');
      for (const group of groups) picture.groups.get(group)?.classList.add('hit');
      picture.groups.get(home)?.classList.add('self');
      for (const edge of picture.edges) {
        const [above, below] = [Number(edge.dataset.from), Number(edge.dataset.to)];
        if (groups.has(above) && seen.has(objects + below)) edge.classList.add('hit');
      }
    }
    for (const place of hit) rows[place].classList.add('hit');
    for (const place of own) rows[place].classList.add('self');
    const name = kind === 'o' ? rows[at].dataset.name : one('g' + at).dataset.name;
    const others = [...groups].filter((group) => group !== home).map((group) => one('g' + group).dataset.name);
    one('reach').textContent = hit.length
      ? `${name}: ${hit.length === 1 ? '1 object depends' : hit.length + ' objects depend'} on it` +
        (others.length ? `, also in ${others.slice(0, 8).join(', ')}${others.length > 8 ? ` and ${others.length - 8} more` : ''}` : '')
      : `${name}: nothing here depends on it`;
  };
  const clear = () => {
    if (!shown) return;
    shown = '';
    for (const { svg } of inPictures) svg.classList.remove('radius');
    for (const marked of all('.hit, .self')) marked.classList.remove('hit', 'self');
    one('reach').textContent = one('reach').dataset.idle;
  };

  const place = (target) => {
    const marked = target.closest?.('[data-o], [data-g]');
    if (!marked) return null;
    return marked.dataset.o === undefined ? ['g', Number(marked.dataset.g)] : ['o', Number(marked.dataset.o)];
  };
  const point = (event) => {
    const found = place(event.target);
    if (found) show(...found); else clear();
  };
  document.addEventListener('pointerover', point);
  document.addEventListener('focusin', point);

  // One stop for Tab in each picture; arrows go on from there.
  const stops = pictures.map((svg) => all('a', svg));
  for (const links of stops) links.forEach((a, at) => a.setAttribute('tabindex', at ? '-1' : '0'));
  const go = (links, a) => {
    if (!a) return;
    links.forEach((other) => other.setAttribute('tabindex', other === a ? '0' : '-1'));
    a.focus();
    a.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  };
  const beside = (picture, a, from, to) => {
    const own = a.dataset.g ?? String(data.groups[Number(a.dataset.o)]);
    const edge = picture.edges.find((path) => path.dataset[from] === own);
    return edge && picture.groups.get(Number(edge.dataset[to]));
  };
  pictures.forEach((svg, at) => svg.addEventListener('keydown', (event) => {
    const links = stops[at];
    const now = links.indexOf(document.activeElement);
    if (now < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const keys = {
      ArrowDown: () => links[now + 1],
      ArrowUp: () => links[now - 1],
      ArrowRight: () => beside(inPictures[at], links[now], 'from', 'to'),
      ArrowLeft: () => beside(inPictures[at], links[now], 'to', 'from'),
      Home: () => links[0],
      End: () => links[links.length - 1],
    };
    if (keys[event.key]) { event.preventDefault(); go(links, keys[event.key]()); }
  }));
  document.addEventListener('keydown', (event) => { if (event.key === 'Escape') clear(); });

  // What a link leads to may be in a group that is closed.
  const open = () => {
    const target = location.hash.length > 1 && one(decodeURIComponent(location.hash.slice(1)));
    const group = target && target.closest('details.group');
    if (!group) return;
    group.open = true;
    target.scrollIntoView({ block: 'center' });
    (target.tagName === 'TR' ? target : group.querySelector('summary')).focus({ preventScroll: true });
  };
  addEventListener('hashchange', open);
  document.addEventListener('click', (event) => {
    const link = event.target.closest?.('svg a');
    if (link && link.getAttribute('href') === location.hash) open();
  });
  open();

  const texts = rows.map((row) => row.textContent.toLowerCase());
  const filter = () => {
    const words = one('filter').value.toLowerCase().split(/\s+/).filter(Boolean);
    const state = one('state')?.value ?? '';
    let count = 0;
    const left = new Map();
    rows.forEach((row, at) => {
      const fits = words.every((word) => texts[at].includes(word)) && (!state || row.dataset.state === state);
      row.hidden = !fits;
      for (const picture of inPictures) picture.objects.get(at)?.toggleAttribute('hidden', !fits);
      if (fits) { count += 1; left.set(data.groups[at], true); }
    });
    const filtering = words.length > 0 || state !== '';
    for (const group of all('details.group')) {
      const has = left.has(Number(group.dataset.g));
      group.hidden = filtering && !has;
      if (filtering && has) group.open = true;
    }
    one('count').textContent = filtering ? `${count} of ${rows.length} objects` : `${rows.length} objects`;
  };
  one('filter').addEventListener('input', filter);
  one('state')?.addEventListener('change', filter);

  one('detail').addEventListener('click', () => {
    const [full, folded] = [one('full'), one('folded')];
    full.hidden = !full.hidden;
    folded.hidden = !full.hidden;
    one('detail').textContent = full.hidden ? 'Show objects' : 'Show groups only';
  });
  one('fold').addEventListener('click', () => {
    const groups = all('details.group');
    const opens = groups.some((group) => !group.open);
    for (const group of groups) group.open = opens;
    one('fold').textContent = opens ? 'Close all groups' : 'Open all groups';
  });
  for (const tools of all('.needs-script')) tools.hidden = false;
})();
