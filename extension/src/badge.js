// What the extension's button shows. Pure.

/** Letters on the button are few: more than this is not told exactly. */
const MOST = 99;

/**
 * @param {object} now
 * @param {number} now.unread
 * @param {string | null} now.problem Why nothing comes, in words.
 * @param {string} now.title What the room is called.
 * @returns {{text: string, color: string, title: string}}
 */
export function badge({ unread, problem, title }) {
  const name = title ? `Nowcast: ${title}` : "Nowcast";
  const news = unread > 0 ? `${unread > MOST ? `more than ${MOST}` : unread} new` : "";
  const count = unread > MOST ? `${MOST}+` : String(unread || "");
  return {
    text: problem ? "!" : count,
    color: problem ? "#54565c" : "#cc3a17",
    title: [name, news, problem].filter(Boolean).join("\n"),
  };
}
