// SPDX-License-Identifier: MIT
// The page: the shell is there before the data is, which comes after this script in the document.
import { render } from "preact";
import { load, report } from "./data/load.ts";
import { followCopy } from "./export/copy.ts";
import { rememberPage } from "./export/save.ts";
import { followArgs } from "./filter.ts";
import { Shell } from "./shell/shell.tsx";
import { followPrint } from "./print.tsx";
import { followAddress } from "./state.ts";
import { followTheme } from "./theme.ts";
import { allowKnownMarkup } from "./trusted.ts";

allowKnownMarkup();
rememberPage();
followTheme();
followAddress();
followArgs();
followCopy();
followPrint();
load(); // first, as the worker starts while the shell is drawn
render(<Shell />, document.getElementById("app")!);

// For those who look into a trace by the browser's console, and for tests.
Object.assign(window, { report });
