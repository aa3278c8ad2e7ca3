/* dataset_contracts.c - to follow. */
#include "dataset.h"
