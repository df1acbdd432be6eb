/**
 * Why something did not work: a stable `code` for programs, a sentence for people. Codes of the
 * server are listed in its documents; those of this library are `closed`, `unanswered`,
 * `too_many`, `unreachable`, `foreign_origin`, `unsupported` and `bad_option`.
 */
export class NowcastError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {{status?: number, retryAfter?: number, cause?: unknown}} [more]
   */
  constructor(code, message, { status, retryAfter, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "NowcastError";
    this.code = code;
    /** The HTTP status, where the refusal came as an answer to a request. */
    this.status = status;
    /** After how many seconds to try again, where the server said so. */
    this.retryAfter = retryAfter;
  }
}

/**
 * The error that an answer with a status of 400 or more tells (RFC 9457).
 *
 * @param {Response} response
 * @returns {Promise<NowcastError>}
 */
export async function problem(response) {
  /** @type {any} */
  let body = null;
  try {
    body = await response.json();
  } catch {
    // It did not come from Nowcast, but from something between.
  }
  const ours = typeof body?.code === "string";
  const message = ours && typeof body.detail === "string"
    ? body.detail
    : `The server answered with status ${response.status}.`;
  const seconds = Number.parseInt(response.headers.get("retry-after") ?? "", 10);
  return new NowcastError(ours ? body.code : "unreachable", message, {
    status: response.status,
    retryAfter: Number.isFinite(seconds) ? Math.max(seconds, 0) : undefined,
  });
}
