/* dataset_traces.c - to follow. */
#include "dataset.h"
