// Before anything is drawn: the theme chosen here earlier; without a choice the system's.
(() => {
  try {
    const chosen = localStorage.getItem("theme");
    if (chosen) document.documentElement.dataset.theme = chosen;
  } catch {
    // a browser that keeps nothing shows the system's theme
  }
})();
