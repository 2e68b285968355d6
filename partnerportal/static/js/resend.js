// The button that sends a new code counts down until it may be pressed. Without scripts the server says how long.
const button = document.querySelector("[data-wait]");
if (button) {
  const label = button.textContent;
  const end = Date.now() + Number(button.dataset.wait) * 1000;
  const count = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    button.disabled = left > 0;
    button.textContent = left > 0 ? button.dataset.waiting.replace("[N]", left) : label;
    if (left <= 0) clearInterval(timer);
  };
  const timer = setInterval(count, 1000);
  count();
}
