/* dataset_accounts.c - to follow. */
#include "dataset.h"
