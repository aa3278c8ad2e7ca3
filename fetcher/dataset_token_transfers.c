/* dataset_token_transfers.c - to follow. */
#include "dataset.h"
