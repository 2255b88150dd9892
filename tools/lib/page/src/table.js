'use strict';
// Sorts and filters the table, and says how long ago a time was.
(() => {
  const one = (id) => document.getElementById(id);
  const body = document.querySelector('tbody');
  const rows = [...body.rows];
  const texts = rows.map((row) => row.textContent.toLowerCase());

  const ago = (seconds) => {
    for (const [unit, size] of [['day', 86400], ['hour', 3600], ['minute', 60]]) {
      if (seconds >= 2 * size || (unit === 'minute' && seconds >= size)) {
        return new Intl.RelativeTimeFormat('en').format(-Math.floor(seconds / size), unit);
      }
    }
    return 'just now';
  };
  for (const time of document.querySelectorAll('time')) {
    time.title = time.textContent;
    time.textContent = ago((Date.now() - Date.parse(time.dateTime)) / 1000);
  }

  const key = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.key ?? cell.textContent;
  };
  const heads = [...document.querySelectorAll('th[aria-sort]')];
  for (const head of heads) {
    head.querySelector('button').addEventListener('click', () => {
      const down = head.getAttribute('aria-sort') === 'ascending';
      for (const other of heads) other.setAttribute('aria-sort', 'none');
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      const column = head.cellIndex;
      const sorted = [...rows].sort((a, b) => key(a, column).localeCompare(key(b, column), 'en', { numeric: true }));
      body.append(...(down ? sorted.reverse() : sorted));
    });
  }
  one('filter').addEventListener('input', () => {
    const words = one('filter').value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    rows.forEach((row, at) => {
      row.hidden = !words.every((word) => texts[at].includes(word));
      if (!row.hidden) count += 1;
    });
    one('count').textContent = words.length ? `${count} of ${rows.length} lines` : `${rows.length} ${rows.length === 1 ? 'line' : 'lines'}`;
  });
  for (const tools of document.querySelectorAll('.needs-script')) tools.hidden = false;
})();
