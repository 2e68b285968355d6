// "Use my device's time zone" beside the list of time zones, when the device has another one that is in the list.
const button = document.querySelector("[data-device-zone]");
const list = button && document.getElementById(button.dataset.deviceZone);
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const isListed = () => [...list.options].some((option) => option.value === zone);
if (button && isListed()) {
  const show = () => (button.hidden = list.value === zone);
  button.addEventListener("click", () => {
    list.value = zone;
    list.dispatchEvent(new Event("input", { bubbles: true }));
    list.focus();
    show();
  });
  list.addEventListener("change", show);
  show();
}
