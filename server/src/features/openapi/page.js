// Makes the command lines ready to paste: this server's address in them, and a button to copy.
for (const code of document.querySelectorAll(".sample code")) {
  code.textContent = code.textContent.replaceAll("$SERVER", location.origin);
  if (!navigator.clipboard) continue;
  const button = document.createElement("button");
  button.textContent = "Copy";
  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      button.textContent = "No access";
    }
    setTimeout(() => (button.textContent = "Copy"), 2000);
  };
  code.parentElement.after(button);
}
// On a phone the list of addresses is in the way until it is wanted.
const list = document.querySelector("nav details");
if (matchMedia("(max-width: 800px)").matches) list.open = false;
list.addEventListener("click", event => {
  if (event.target.closest("a") && matchMedia("(max-width: 800px)").matches) list.open = false;
});
