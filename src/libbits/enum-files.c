/* IEnumBackgroundCopyFiles over the engine of enumerator.c. */
#include "libbits/enumerator.h"

ENUMERATOR(enum_files, IEnumBackgroundCopyFiles, IBackgroundCopyFile)
