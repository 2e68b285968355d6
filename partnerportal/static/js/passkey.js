// Somebody closed the browser's passkey window, or the device refused: said on the page, not only in the console.
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  document.getElementById("passkey-error").hidden = false;
});
