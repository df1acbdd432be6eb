// Starts the popup, which is the pages' own program.

import init from "../popup/popup.js";

try {
  await init({ module_or_path: "/popup/popup_bg.wasm" });
} catch (error) {
  document.body.replaceChildren(document.getElementById("broken").content.cloneNode(true));
  throw error;
}
