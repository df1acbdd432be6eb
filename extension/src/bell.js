// The system's notifications.

/** The largest picture that is put into one, in bytes. */
const LARGEST = 1_500_000;

/** How long a picture may take, in milliseconds: the words do not wait for it longer. */
const PATIENCE = 4_000;

/** Firefox knows one kind of notification, and shows its icon where Chromium has the picture. */
const ONLY_BASIC = typeof globalThis.browser?.runtime?.getBrowserInfo === "function";

/**
 * Shows a notification, with its picture if that can be had.
 *
 * @param {import("./notify.js").Note} note
 */
export async function ring(note) {
  const icon = chrome.runtime.getURL("icons/128.png");
  const words = { title: note.title, message: note.message, contextMessage: note.context };
  const plain = { type: "basic", iconUrl: icon, ...words };
  const picture = note.picture ? await load(note.picture) : null;
  if (!picture) {
    return chrome.notifications.create(note.id, plain);
  }
  const rich = ONLY_BASIC
    ? { ...plain, iconUrl: picture }
    : { ...plain, type: "image", imageUrl: picture };
  // What cannot be drawn after all is no reason to say nothing.
  return chrome.notifications.create(note.id, rich)
    .catch(() => chrome.notifications.create(note.id, plain));
}

/**
 * Takes a notification back.
 *
 * @param {string} id
 */
export function silence(id) {
  return chrome.notifications.clear(id);
}

/** Takes all of them back. */
export async function silenceAll() {
  const all = Object.keys(await chrome.notifications.getAll());
  await Promise.all(all.map(silence));
}

/**
 * A picture as the browser wants it here: inside of its address. It can be had where the picture's
 * site lets everybody read it, or the person let the extension.
 *
 * @param {string} url
 * @returns {Promise<string | null>}
 */
async function load(url) {
  try {
    const signal = AbortSignal.timeout(PATIENCE);
    const response = await fetch(url, { credentials: "omit", signal });
    const type = response.headers.get("content-type")?.split(";")[0] ?? "";
    const announced = Number(response.headers.get("content-length") ?? 0);
    if (!response.ok || !/^image\/[a-z0-9.+-]+$/i.test(type) || announced > LARGEST) {
      return null;
    }
    const bytes = await upTo(LARGEST, response.body);
    return bytes && `data:${type};base64,${base64(bytes)}`;
  } catch {
    return null;
  }
}

/**
 * @param {number} most
 * @param {ReadableStream<Uint8Array>} stream
 * @returns {Promise<Uint8Array | null>} `null` if there is more.
 */
async function upTo(most, stream) {
  const pieces = [];
  let length = 0;
  for (const reader = stream.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) {
      break;
    }
    length += value.length;
    if (length > most) {
      await reader.cancel();
      return null;
    }
    pieces.push(value);
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

/** @param {Uint8Array} bytes */
function base64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(text);
}
