import { NowcastError } from "./errors.js";

/**
 * Where a room is, and what the server recognises this client by.
 *
 * A user's token (a JWT) goes into addresses, since browsers send no headers with a WebSocket. Any
 * other is a program's: it goes into the header of requests, and nowhere else.
 */
export class Address {
  #base;
  /** @type {Record<string, string | undefined>} */
  #who;
  /** @type {string | null} */
  #bearer = null;

  /**
   * @param {string | URL} server
   * @param {import("./nowcast.js").ConnectOptions} options
   */
  constructor(server, options) {
    const { room = "main", client, person, name, invitation, page, token } = options;
    const here = globalThis.location?.href;
    try {
      this.#base = new URL(server, here?.startsWith("http") ? here : undefined);
    } catch (cause) {
      throw new NowcastError("bad_option", `${server} is no address of a server.`, { cause });
    }
    this.#base.protocol = this.#base.protocol.replace(/^ws/, "http");
    if (!/^https?:$/.test(this.#base.protocol)) {
      throw new NowcastError("bad_option", `${server} does not begin with http:// or https://.`);
    }
    this.#base.pathname = this.#base.pathname.replace(/\/?$/, "/");
    this.#base.search = this.#base.hash = "";
    this.room = room;
    this.#who = { client, person, name, invitation, page };
    if (token && isUserToken(token)) this.#who.token = token;
    else this.#bearer = token || null;
  }

  /** Whether a program's token goes along, which only requests can carry. */
  get isProgram() {
    return this.#bearer !== null;
  }

  /** The server's own address; it ends with a slash. */
  get server() {
    return this.#base.href;
  }

  /** What goes along with every request. */
  get headers() {
    /** @type {Record<string, string>} */
    const headers = {};
    if (this.#bearer !== null) headers.authorization = `Bearer ${this.#bearer}`;
    return headers;
  }

  /**
   * From now on this client is a registered user.
   *
   * @param {{token?: string, id?: string}} user
   */
  be({ token, id }) {
    Object.assign(this.#who, { token, id });
  }

  /**
   * An address of the room.
   *
   * @param {string} path
   * @param {Record<string, string | number | null | undefined>} [query]
   */
  of(path, query = {}) {
    const url = new URL(`api/rooms/${encodeURIComponent(this.room)}/${path}`, this.#base);
    for (const [key, value] of Object.entries({ ...this.#who, ...query })) {
      if (value !== undefined && value !== null && value !== "") {
        url.searchParams.set(key, String(value));
      }
    }
    return url.href;
  }
}

/**
 * Whether it is a JWT: three parts, of which the first is a JSON object in base64. A program's
 * token is chosen freely, and may have dots in it as well.
 *
 * @param {string} token
 */
function isUserToken(token) {
  return /^eyJ[\w-]*\.[\w-]+\.[\w-]*$/.test(token);
}
