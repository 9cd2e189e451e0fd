(() => {
  const form = document.getElementById("filter");
  if (!form) return;
  const rows = [...document.querySelectorAll("tbody.revision")];
  const shown = document.getElementById("shown");
  const apply = () => {
    const text = form.elements.text.value.trim().toLowerCase();
    const { kind, status } = { kind: form.elements.kind.value, status: form.elements.status.value };
    let visible = 0;
    for (const row of rows) {
      const fits = (!kind || row.dataset.kind === kind) && (!status || row.dataset.status === status)
        && row.textContent.toLowerCase().includes(text);
      row.hidden = !fits;
      visible += fits;
    }
    shown.textContent = `${visible} of ${rows.length} shown`;
  };
  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("reset", () => setTimeout(apply));
  form.addEventListener("submit", (event) => event.preventDefault());
  apply();
})();
