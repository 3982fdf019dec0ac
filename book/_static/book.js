// What scrolls sideways must be reachable by the keyboard; what does not scroll must not hold it up.
const mark = (element) => {
  if (element.scrollWidth > element.clientWidth) element.tabIndex = 0;
  else element.removeAttribute("tabindex");
};
const observer = new ResizeObserver((entries) => entries.forEach(({ target }) => mark(target)));
for (const element of document.querySelectorAll(".highlight pre, .table-wrapper")) observer.observe(element);
