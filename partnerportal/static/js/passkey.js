// Somebody closed the browser's passkey window, or the device refused: said on the page, not only in the console.
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  document.getElementById("passkey-error").hidden = false;
});

// On the sign-in page the browser offers the passkeys that it knows, beside the addresses it fills in. The server is not
// told what is typed: it asks for any passkey of the portal, so that nobody learns who has one.
async function offerPasskeys(form) {
  const { signal } = abort;
  try {
    if (!(await window.PublicKeyCredential?.isConditionalMediationAvailable?.())) return;
    const response = await fetch(form.action, { headers: { Accept: "application/json" }, signal });
    if (!response.ok) return;
    const { request_options: options } = await response.json();
    const credential = await window.webauthnJSON.get({ ...options, mediation: "conditional", signal });
    form.elements.credential.value = JSON.stringify(credential);
    form.submit();
  } catch {
    // Nothing was chosen, or the button took over: the page works as before.
  }
}

const abort = new AbortController();
const form = document.getElementById("mfa_login");
if (form) {
  // One question at a time: the button asks anew.
  form.querySelector("button").addEventListener("click", () => abort.abort(), { capture: true });
  offerPasskeys(form);
}
