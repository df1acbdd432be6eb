let last = 0;
let ahead = 0;

/**
 * The time, which goes on while the machine sleeps, but never back: a clock that is set back must
 * not make anybody wait for an hour.
 */
export function now() {
  const clock = Date.now();
  if (clock + ahead < last) ahead = last - clock;
  last = clock + ahead;
  return last;
}
