import { connect } from "./nowcast.js";

export { connect };
