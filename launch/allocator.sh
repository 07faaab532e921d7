# Sourced by scripts that train: glibc keeps the memory of large arrays instead of giving it back after each use. Page
# faults took a fifth of the processor time of a step (BUILD_NOTES.md); the process holds three quarters more memory.
export MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=30000000000 MALLOC_TOP_PAD_=268435456 MALLOC_ARENA_MAX=1
