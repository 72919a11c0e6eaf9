/* lossaudit subject ABI, version 1. C99, no dependency: copy this one file beside your code.
 *
 * A shared library that exports lossaudit_subject_at() can be audited:  lossaudit audit ./libmine.so
 * It declares which contracts it supports as lines of text, and computes them. It runs in a process of its own.
 */
#ifndef LOSSAUDIT_SUBJECT_H
#define LOSSAUDIT_SUBJECT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LOSSAUDIT_ABI_VERSION 1u

/* What is to be computed. Strings are never NULL. Fields may be appended in later versions: `size` is the caller's sizeof. */
typedef struct lossaudit_contract {
  size_t size;
  const char *function;     /* "sigmoid", "softmax", ... : lossaudit list functions */
  const char *dialect;      /* "exact", "keras1", ...    : lossaudit list dialects */
  const char *format;       /* "f64", "f32", "f16", "bf16" */
  const char *pass;         /* "forward", "gradient" */
  const char *reduction;    /* "none", "sum", "mean" */
  int32_t from_logits;      /* 0 or 1 */
  int32_t has_ignore_index; /* 0 or 1 */
  int64_t ignore_index;
  double epsilon;         /* the clip's epsilon before rounding to the format; 0 where the dialect has none */
  double label_smoothing; /* 0: none */
  double pos_weight;      /* 1: none */
} lossaudit_contract;

/* The tensors of one call, dense, values of `format`. The tensor `output` is (outer, classes, inner) with the class axis in the middle
 * (inner == 1: classes are the last dimension); for elementwise functions the element count is outer * classes * inner.
 * Absent tensors are NULL. A tensor is aligned for its values and no further, and nothing beyond its end may be touched, not even
 * read; only `result` may be written. */
typedef struct lossaudit_tensors {
  size_t size;
  size_t outer, classes, inner;
  const void *output;         /* x, o or p: the function's argument */
  const void *target;         /* t, of the same shape */
  const int64_t *labels;      /* sparse targets, (outer, inner) */
  const void *class_weights;  /* (classes) */
  const void *sample_weights; /* one for each loss before reduction */
  const void *upstream;       /* gradient pass: the incoming gradient, of the forward result's shape */
  void *result;               /* written by the subject */
  size_t result_count;        /* how many values of `format` are due */
} lossaudit_tensors;

enum { LOSSAUDIT_OK = 0, LOSSAUDIT_UNSUPPORTED = 1, LOSSAUDIT_FAILED = 2 };

typedef struct lossaudit_subject {
  uint32_t abi_version; /* LOSSAUDIT_ABI_VERSION */
  const char *name;     /* "mine" */
  const char *version;  /* "1.2.3" */
  /* NULL-terminated lines "FUNCTIONS DIALECTS FORMATS PASSES [OPTION...] [# NOTE]", where a plural is a comma-separated list:
   *   "sigmoid,softplus exact f32,f64 forward"
   *   "binary_crossentropy keras1 f32 forward from_logits=1 reduction=none,mean"
   *   "softmax exact f32 forward axis  # composed here from exp and sum"
   * An option that is not named is only asked for at its default; an option without values may take any. Options: from_logits,
   * reduction, axis (inner > 1), epsilon, label_smoothing, pos_weight, ignore_index, class_weights, sample_weights. */
  const char *const *contracts;
  int (*compute)(const lossaudit_contract *contract, const lossaudit_tensors *tensors);
} lossaudit_subject;

#if defined(_WIN32)
#define LOSSAUDIT_EXPORT __declspec(dllexport)
#else
#define LOSSAUDIT_EXPORT __attribute__((visibility("default")))
#endif
/* The library's subjects by index, NULL past the last. */
LOSSAUDIT_EXPORT const lossaudit_subject *lossaudit_subject_at(size_t index);

#ifdef __cplusplus
}
#endif
#endif
