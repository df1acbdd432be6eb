// What the types promise, held against the sources and against how the library is used.
import { connect, NowcastError } from "../src/nowcast.js";
import type { Item, LoggedEvent, NowcastError as Refusal, Room, State, Taken } from "../src/nowcast.js";
import { NowcastError as RealError } from "../src/errors.js";
import { Room as RealRoom } from "../src/room.js";

// The sources keep what the types promise.
export const room: Room = new RealRoom("https://live.example", {});
export const error: Refusal = new RealError("closed", "It is over.", { status: 410, retryAfter: 1 });

export async function used(): Promise<void> {
  const room = connect("https://live.example", { room: "main", since: "e1:5", transport: "poll" });
  const stop: () => void = room.on("item", (item: Item<{ text: string }>, event: LoggedEvent) => {
    const words: string = item.data.text;
    console.log(words, event.offset);
  });
  room.on("snapshot", ({ items, title }, welcome) => console.log(items.length, title, welcome.epoch));
  room.on("state", (state: State) => {
    if (state.state === "waiting") console.log(state.retryIn, state.reason);
    if (state.state === "open") console.log(state.transport, state.recovered);
    // @ts-expect-error: an open connection does not wait
    if (state.state === "open") console.log(state.retryIn);
  });
  room.on("push", (data: unknown, { id }) => console.log(data, id));
  room.on("error", ({ code, message, status, retryAfter }) => console.log(code, message, status, retryAfter));
  // @ts-expect-error: there is no such event
  room.on("items", () => {});
  try {
    const { offset, held }: Taken = await room.publish("message", { text: "Hello" });
    console.log(offset, held);
    await room.say("Hello");
    await room.set("score", { home: 1 }, 0);
    await room.move("logo", 0.5, 0.5);
    await room.register({ token: "a.b.c" });
    // @ts-expect-error: who registers says as whom
    await room.register({});
    // @ts-expect-error: places are numbers
    await room.move("logo", "left", 0);
  } catch (error) {
    if (error instanceof NowcastError && error.code === "rate_limited") console.log(error.retryAfter);
  }
  const position: string | null = room.position;
  console.log(position, stop());
  // @ts-expect-error: only the room itself knows how far it is
  room.position = null;
  room.close();
}
