// What the theme's script makes of code and tables scrolls: readers without a mouse must reach it, and those who
// hear the page must be told its copies apart, and what its dialog is for.
const mend = () => {
  for (const each of document.querySelectorAll(".md-typeset__scrollwrap, .highlight code, .shown"))
    if (!each.hasAttribute("tabindex")) each.setAttribute("tabindex", "0")
  document.querySelectorAll(".md-code__nav").forEach((each, place) => {
    const label = `Code block ${place + 1}`
    if (each.getAttribute("aria-label") !== label) each.setAttribute("aria-label", label)
  })
}
document.querySelector("[data-md-component=search]").setAttribute("aria-label", "Search")
new MutationObserver(mend).observe(document.body, { childList: true, subtree: true })
mend()
