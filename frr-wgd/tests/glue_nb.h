/* SPDX-License-Identifier: GPL-2.0-or-later */
/* glue.h, and the northbound with wgd's model: its table fits, or it aborts. */
#ifndef GLUE_NB_H
#define GLUE_NB_H

#include "frr-wgd/tests/glue.h"

/* As glue_setup. */
extern int glue_nb_setup(void **state);

#endif
