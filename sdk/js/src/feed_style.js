/**
 * How a feed looks. A page changes it by custom properties and by parts; nothing of it reaches out
 * of the shadow root, and as a constructed sheet it needs no permission of the page's policy.
 */
export const STYLE = `
:host {
  display: block;
  color-scheme: light dark;
  container-type: inline-size;
  max-width: var(--nowcast-max-width, 760px);
}

:host([hidden]) {
  display: none;
}

:host([theme="light"]) {
  color-scheme: light;
}

:host([theme="dark"]) {
  color-scheme: dark;
}

.feed {
  --paper: var(--nowcast-paper, light-dark(#fbfaf7, #141517));
  --ink: var(--nowcast-ink, light-dark(#17181a, #ececea));
  --live: var(--nowcast-live, light-dark(#d9421e, #ff6b47));
  --link: var(--nowcast-link, light-dark(#1f55c4, #8ab0ff));
  --card: var(--nowcast-card, light-dark(#fff, #1d1d1e));
  --round: var(--nowcast-radius, 10px);
  --soft: color-mix(in srgb, var(--ink) 76%, var(--paper));
  --faint: color-mix(in srgb, var(--ink) 62%, var(--paper));
  --edge: color-mix(in srgb, var(--ink) 50%, var(--paper));
  --line: color-mix(in srgb, var(--ink) 13%, var(--paper));
  --wash: color-mix(in srgb, var(--ink) 5.5%, var(--paper));
  position: relative;
  display: flex;
  flex-direction: column;
  max-height: var(--nowcast-max-height, none);
  border-radius: var(--round);
  background: var(--paper);
  color: var(--ink);
  font: var(--nowcast-size, 16px)/1.55 var(--nowcast-font, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif);
  text-align: start;
  overflow-wrap: break-word;
  -webkit-text-size-adjust: 100%;
}

*,
::before,
::after {
  box-sizing: border-box;
}

[hidden] {
  display: none !important;
}

.head {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  justify-content: space-between;
  gap: 8px 16px;
  padding: 20px 20px 16px;
}

.title {
  margin: 0;
  font-size: 1.3125em;
  font-weight: 660;
  line-height: 1.2;
  letter-spacing: -0.018em;
  text-wrap: balance;
}

.pill {
  display: inline-flex;
  align-items: center;
  gap: 8px;
  margin: 0;
  padding-block: 4px;
  padding-inline: 10px 12px;
  border-radius: 99px;
  background: var(--wash);
  color: var(--soft);
  font-size: 13px;
  font-weight: 550;
  line-height: 20px;
  white-space: nowrap;
}

.pill::before {
  content: "";
  flex: none;
  width: 8px;
  height: 8px;
  border: 1.5px solid var(--edge);
  border-radius: 50%;
}

.live.pill {
  color: var(--ink);
}

.live.pill::before {
  border-color: var(--live);
  background: var(--live);
  box-shadow: 0 0 0 3px color-mix(in srgb, var(--live) 20%, transparent);
}

.off.pill::before {
  border-color: var(--faint);
  background: var(--faint);
}

.body {
  min-height: 0;
  padding-block: 8px 4px;
  padding-inline: 24px 20px;
  overflow-y: auto;
  overscroll-behavior: contain;
}

.body:focus-visible {
  outline-offset: -2px;
  border-radius: var(--round);
}

ol.items {
  margin: 0;
  padding: 0;
  list-style: none;
}

/* The rail: a thin line from item to item, a dot for each. */
.item {
  position: relative;
  padding-block-end: 28px;
  padding-inline-start: 22px;
}

.item::before,
.item::after {
  content: "";
  position: absolute;
  inset-inline-start: 3px;
}

.item::before {
  top: 0;
  bottom: 0;
  width: 1px;
  background: var(--line);
}

.item:first-child::before {
  top: 12px;
}

.item:last-child::before {
  background: linear-gradient(var(--line) 60%, transparent);
}

.item::after {
  top: 9px;
  width: 7px;
  height: 7px;
  margin-inline-start: -3px;
  border-radius: 50%;
  background: var(--edge);
  box-shadow: 0 0 0 5px var(--paper);
}

.item.fresh {
  animation: arrive 200ms ease-out;
}

.item.fresh::before {
  animation: glow-line 6s ease-in;
}

.item.fresh::after {
  animation: glow-dot 6s ease-in;
}

header {
  display: flex;
  flex-wrap: wrap;
  align-items: baseline;
  gap: 0 8px;
  margin-bottom: 4px;
  font-size: 0.9375em;
  line-height: 24px;
}

header b {
  font-weight: 620;
}

header :is(time, i) {
  color: var(--faint);
  font-size: 13px;
  font-style: normal;
  font-variant-numeric: tabular-nums;
}

/* Where there is room, times stand in a column of their own. */
@container (min-width: 560px) {
  .head,
  .body {
    padding-inline: 24px;
  }

  .item,
  .said {
    margin-inline-start: 72px;
  }

  .item header time {
    position: absolute;
    inset-inline-start: -80px;
    width: 68px;
    text-align: end;
  }
}

.prose {
  max-width: 68ch;
  margin: 0;
}

.plain {
  margin: 0;
  white-space: pre-wrap;
}

.prose > :first-child {
  margin-top: 0;
}

.prose > :last-child {
  margin-bottom: 0;
}

.prose :is(p, ul, ol, blockquote, pre, table) {
  margin: 12px 0;
}

.prose :is(h4, h5, h6) {
  margin: 20px 0 8px;
  font-size: 1.125em;
  line-height: 1.3;
}

.prose :is(ul, ol) {
  padding-inline-start: 1.4em;
}

.prose ul {
  list-style: disc;
}

.prose li::marker {
  color: var(--faint);
}

.prose blockquote {
  margin-inline: 0;
  padding-inline-start: 16px;
  border-inline-start: 2px solid var(--line);
  color: var(--soft);
}

:is(code, pre, kbd) {
  border-radius: 6px;
  background: var(--wash);
  font: 0.88em/1.5 ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, monospace;
  overflow-wrap: anywhere;
}

:is(code, kbd) {
  padding: 0.12em 0.35em;
}

pre {
  padding: 12px 16px;
  overflow-x: auto;
}

pre code {
  padding: 0;
  background: none;
  font-size: inherit;
  overflow-wrap: normal;
}

.table {
  max-width: 100%;
  overflow-x: auto;
}

table {
  border-collapse: collapse;
  font-size: 0.9375em;
  line-height: 1.45;
  font-variant-numeric: tabular-nums;
}

.prose table {
  display: block;
  overflow-x: auto;
}

:is(th, td) {
  padding-block: 6px;
  padding-inline-end: 16px;
  border-bottom: 1px solid var(--line);
  text-align: start;
  vertical-align: top;
}

:is(th, td):last-child {
  padding-inline-end: 0;
}

th {
  color: var(--faint);
  font-weight: 500;
}

.values {
  display: flex;
  flex-wrap: wrap;
  gap: 4px;
  margin: 0;
  padding: 0;
  list-style: none;
}

.values > li:not(.faded) {
  padding: 0 8px;
  border-radius: 6px;
  background: var(--wash);
}

tbody > tr:last-child > :is(th, td) {
  border-bottom: 0;
}

hr {
  margin: 20px 0;
  border: 0;
  border-top: 1px solid var(--line);
}

img {
  max-width: 100%;
  height: auto;
  border-radius: var(--round);
}

a {
  color: var(--link);
  text-decoration-thickness: 1px;
  text-underline-offset: 0.18em;
}

:focus-visible {
  outline: 2px solid var(--link);
  outline-offset: 2px;
  border-radius: 4px;
}

.card {
  display: grid;
  grid-template-columns: minmax(0, 1fr);
  gap: 2px;
  max-width: 560px;
  margin: 4px 0 0;
  padding: 14px 16px;
  border: 1px solid var(--line);
  border-radius: var(--round);
  background: var(--card);
  color: inherit;
  text-decoration: none;
  transition: border-color 120ms;
}

a.card:hover {
  border-color: var(--edge);
}

a.card:focus-visible {
  border-radius: var(--round);
}

.card strong {
  font-weight: 620;
  line-height: 1.35;
  overflow-wrap: anywhere;
}

.card span {
  display: -webkit-box;
  -webkit-line-clamp: 3;
  -webkit-box-orient: vertical;
  overflow: hidden;
  color: var(--soft);
  font-size: 0.9375em;
  line-height: 1.45;
}

.card small {
  margin-top: 4px;
  overflow: hidden;
  color: var(--link);
  font-size: 13px;
  text-overflow: ellipsis;
  white-space: nowrap;
}

figure {
  margin: 8px 0 0;
}

figure img {
  display: block;
  max-height: 640px;
  background: var(--wash);
  color: var(--soft);
  font-size: 13px;
}

figure .card {
  color: var(--faint);
  font-size: 0.9375em;
}

figcaption {
  max-width: 68ch;
  margin-top: 8px;
  color: var(--faint);
  font-size: 13px;
  line-height: 1.5;
}

.post figcaption {
  display: none;
}

/* Where nobody said how large a picture is, its place is kept in the shape of most. */
.post img:not([width]) {
  width: 100%;
  max-width: 560px;
  aspect-ratio: 16 / 10;
  object-fit: cover;
}

.from {
  margin: 8px 0 0;
  overflow: hidden;
  color: var(--faint);
  font-size: 13px;
  text-overflow: ellipsis;
  white-space: nowrap;
}

.from a {
  text-decoration: none;
}

.from a:hover {
  text-decoration: underline;
}

.faded {
  margin: 0;
  color: var(--faint);
  font-size: 0.9375em;
}

/* What has to be said of the whole feed. */
.said {
  position: relative;
  margin-block: 0;
  padding-block-end: 28px;
  padding-inline-start: 22px;
  color: var(--soft);
}

.said::before {
  content: "";
  position: absolute;
  inset-inline-start: -2px;
  top: 8px;
  width: 11px;
  height: 11px;
  border: 2px solid var(--edge);
  border-radius: 50%;
}

.said strong {
  display: block;
  color: var(--ink);
  font-size: 1.125em;
  font-weight: 620;
  line-height: 1.4;
}

.skeleton {
  height: 200px;
  --bar: linear-gradient(var(--wash) 0 0) no-repeat;
  background:
    var(--bar) 0 5px / 96px 14px,
    var(--bar) 0 36px / 92% 14px,
    var(--bar) 0 62px / 64% 14px,
    var(--bar) 0 123px / 120px 14px,
    var(--bar) 0 154px / 80% 14px;
  animation: appear 300ms 150ms ease-out backwards;
}

.unseen {
  position: absolute;
  width: 1px;
  height: 1px;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}

@keyframes arrive {
  from {
    opacity: 0;
    translate: 0 -8px;
  }
}

@keyframes appear {
  from {
    opacity: 0;
  }
}

@keyframes glow-line {
  from {
    background: var(--live);
  }
}

@keyframes glow-dot {
  from {
    background: var(--live);
    box-shadow: 0 0 0 5px var(--paper), 0 0 0 8px color-mix(in srgb, var(--live) 24%, transparent);
  }
}

@media (prefers-reduced-motion: reduce) {
  *,
  ::before,
  ::after {
    animation: none !important;
    transition: none !important;
  }
}

@media (forced-colors: active) {
  .item::after,
  .live.pill::before {
    background: CanvasText;
  }
}
`;
