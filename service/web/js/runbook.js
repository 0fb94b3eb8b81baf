// The runbook: its text is in the page.

import * as theme from "./theme.js";

theme.mount(() => {});
