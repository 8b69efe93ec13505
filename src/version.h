/* SPDX-License-Identifier: MIT
 *
 * version: of this program, from options.yaml.
 */
#ifndef VERSION_H
#define VERSION_H

extern const char compendium_version[]; /* "0.1.0" */

#endif
