// The only script before first paint: marks that script runs, so that what needs it may show.
document.documentElement.classList.add("scripted");
