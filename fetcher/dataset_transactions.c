/* dataset_transactions.c - to follow. */
#include "dataset.h"
