/** Connects to a room and stays connected until it is closed. */
export declare function connect(server: string | URL, options?: ConnectOptions): Room;

/** How frames come. */
export type Transport = "websocket" | "sse" | "poll";

export interface ConnectOptions {
  /** The room; `main` if left out. */
  room?: string;
  /**
   * A user token (a JWT), which makes this client a registered user; or a program's token, which
   * goes into the header of requests alone. Never put a program's token into a page.
   */
  token?: string;
  /** `{epoch}:{offset}` of the last event that was seen: what was missed follows. See `Room.position`. */
  since?: string;
  /** Which way to go; `auto` finds the best that gets through, and goes back up when it can. */
  transport?: "auto" | Transport;
  /** 16 to 64 of `[A-Za-z0-9_-]`: a secret of one client, drawn if left out. Two at once replace each other. */
  client?: string;
  /** 16 to 64 of `[A-Za-z0-9_-]`: what the clients of one person have in common, so that they count once. */
  person?: string;
  /** What to go by. */
  name?: string;
  /** The secret of the invitation to a private room. */
  invitation?: string;
  /** What connects, if it is no page that somebody looks at: anything but `feed` is not counted. */
  page?: string;
}

/** How the connection stands. */
export type State =
  | { state: "connecting"; transport: Transport }
  /** `recovered` is false where it begins with a snapshot instead of going on. */
  | { state: "open"; transport: Transport; recovered: boolean }
  /** `retryIn` milliseconds; `reason` is a code where the server turned it away. */
  | { state: "waiting"; transport: null; retryIn: number; reason?: string }
  /** `reason` is `closed` by this program, or the server's, such as `replaced` or `blocked`. */
  | { state: "closed"; transport: null; reason: string };

/** What a command came to. */
export interface Taken {
  /** Where the event stands that it made, if it made one. */
  offset?: number;
  /** Whether what was said waits for approval. */
  held?: boolean;
  /** Whether a newer move of the same piece went out in its place. */
  superseded?: boolean;
}

export interface Author {
  role: "admin" | "publisher" | "user" | "viewer";
  id: string;
  name?: string;
}

/** A thing shown in the feed. */
export interface Item<Data = any> {
  id: string;
  offset: number;
  /** When it was published, in Unix milliseconds. */
  at: number;
  /** `message`, `link`, `image`, `post`, `custom`, …; there may be kinds that a program does not know. */
  kind: string;
  data: Data;
  /** The Markdown of a message as sanitised HTML. */
  html?: string;
  by: Author;
  edited_at?: number;
}

/** Something that happened and is kept. */
export interface LoggedEvent {
  t: "event";
  offset: number;
  at: number;
  by: Author;
  event: { kind: string; [field: string]: any };
}

/** Something that happened and is not kept: a piece moves, somebody writes, people come and go. */
export interface Signal {
  kind: string;
  [field: string]: any;
}

export interface Piece {
  id: string;
  x: number;
  y: number;
  [field: string]: any;
}

/** A room as it is at one offset. */
export interface Snapshot {
  title: string;
  /** The newest items, oldest first. */
  items: Item[];
  /** Whether there are older ones. */
  more: boolean;
  pieces: Piece[];
  variables: Record<string, { value: any; version: number }>;
  chat: any;
  settings: any;
  presence: any;
  [field: string]: any;
}

/** The first frame of a connection. */
export interface Welcome {
  protocol: number;
  room: string;
  you: string;
  epoch: string;
  offset: number;
  recovered: boolean;
  open?: boolean;
}

/** What can be listened to, and what is told. */
export interface RoomEvents {
  /** The room as it is; whatever was known before is to be replaced by it. */
  snapshot: (snapshot: Snapshot, welcome: Welcome) => void;
  /** An item was published. */
  item: (item: Item, event: LoggedEvent) => void;
  /** Anything that is kept, each once and in order; published items too. */
  event: (event: LoggedEvent) => void;
  signal: (signal: Signal) => void;
  /** Something for this user alone. */
  push: (data: any, push: { id: string }) => void;
  state: (state: State) => void;
  /** The server turned this client away; it looks again now and then. */
  error: (error: NowcastError) => void;
}

/** A connection to one room. */
export interface Room {
  /** Calls `listener` whenever `event` happens. What is returned ends that. */
  on<Name extends keyof RoomEvents>(event: Name, listener: RoomEvents[Name]): () => void;

  /** The room's name. */
  readonly name: string;
  /** The id that this client is known by to the server alone: a secret. */
  readonly client: string;
  /** How others see this client; empty until it is connected. */
  readonly you: string;
  /** `{epoch}:{offset}` of the last event that was told, to go on from it with `since`. */
  readonly position: string | null;
  /** How the connection stands. */
  readonly state: State;

  /** Publishes an item. */
  publish(kind: string, data: unknown): Promise<Taken>;
  /** Changes an item's data; its kind stays. */
  edit(item: string, data: unknown): Promise<Taken>;
  /** Takes an item from the feed. */
  delete(item: string): Promise<Taken>;
  /** Says something in the chat. Only programs say under which name. */
  say(text: string, name?: string): Promise<Taken>;
  /** Tells others that somebody is writing; no answer, and nothing is lost if it does not arrive. */
  typing(): void;
  /** Sets a shared variable, if it has this version (0: if there is none); whatever it has if left out. */
  set(name: string, value: unknown, version?: number): Promise<Taken>;
  /** Removes a shared variable. */
  unset(name: string, version?: number): Promise<Taken>;
  /** Takes hold of a piece on the stage, so that nobody else moves it. */
  grab(piece: string): Promise<Taken>;
  /** Moves a piece, and holds it for two seconds. `x` and `y` are fractions of the free way, 0 to 1. */
  move(piece: string, x: number, y: number): Promise<Taken>;
  /** Leaves a piece where it is from now on; the place is kept. */
  drop(piece: string, x: number, y: number): Promise<Taken>;
  /** Goes by another name. */
  rename(name: string): Promise<Taken>;
  /**
   * Registers as a user, so that pushes to it arrive here; also after every interruption. Where the
   * server turned this client away for a token that has expired, a fresh one opens the room again.
   */
  register(user: { token: string } | { id: string }): Promise<Taken>;
  /** Asks for anything else that the server understands. */
  command(command: { kind: string; [field: string]: unknown }): Promise<Taken>;
  /** Older items, newest first. */
  items(from?: { before?: number; limit?: number }): Promise<{ items: Item[]; more: boolean }>;
  /** Ends the connection for good. What was not answered is rejected with the code `closed`. */
  close(): void;
}

/** Why something did not work. */
export declare class NowcastError extends Error {
  constructor(
    code: string,
    message: string,
    more?: { status?: number; retryAfter?: number; cause?: unknown },
  );
  /**
   * Stable, for programs: the server's codes, and `closed`, `unanswered`, `too_many` (waiting for an
   * answer), `unreachable`, `foreign_origin` (the server does not let this site read it),
   * `unsupported`, `bad_option`.
   */
  readonly code: string;
  /** The HTTP status, where the refusal came as an answer to a request; 0 if there was none. */
  readonly status?: number;
  /** After how many seconds to try again, where the server said so. */
  readonly retryAfter?: number;
}
