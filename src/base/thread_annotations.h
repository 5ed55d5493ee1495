// Clang's thread-safety attributes; empty for other compilers.
// https://clang.llvm.org/docs/ThreadSafetyAnalysis.html
#pragma once

#if defined(__clang__)
#define SCIDEX_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define SCIDEX_THREAD_ATTRIBUTE(x)
#endif

#define SCIDEX_CAPABILITY(x) SCIDEX_THREAD_ATTRIBUTE(capability(x))
#define SCIDEX_SCOPED_CAPABILITY SCIDEX_THREAD_ATTRIBUTE(scoped_lockable)
#define SCIDEX_GUARDED_BY(x) SCIDEX_THREAD_ATTRIBUTE(guarded_by(x))
#define SCIDEX_REQUIRES(...) SCIDEX_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define SCIDEX_ACQUIRE(...) SCIDEX_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define SCIDEX_RELEASE(...) SCIDEX_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
#define SCIDEX_NO_THREAD_SAFETY_ANALYSIS SCIDEX_THREAD_ATTRIBUTE(no_thread_safety_analysis)
