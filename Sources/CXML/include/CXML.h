#ifndef CXML_H
#define CXML_H

// What this project asks of libxml2: parse a bounded document, show its elements and text by number, write canonical octets.
// No libxml2 type appears here: on Debian its headers pull in ICU headers that clash with the ones Foundation is built on.
//
// A document is not to be used by two threads at once. Nodes are numbered from 0 in document order: elements and text, nothing else.
// Every string that is shown belongs to the document, is UTF-8, ends with a NUL and lives until `cxml_free`.

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct CXMLDocument CXMLDocument;

/// Why a document could not be had, or could not be written. Zero is success.
enum {
  CXML_OK = 0,
  CXML_NOT_WELL_FORMED = 1,
  CXML_DOCUMENT_TYPE = 2,
  CXML_UNEXPECTED_NODE = 3,
  CXML_TOO_MANY_NODES = 4,
  CXML_TOO_DEEP = 5,
  CXML_TOO_MANY_NAMESPACES = 6,
  CXML_NO_CANONICAL_FORM = 7,
  CXML_OUT_OF_MEMORY = 8,
};

typedef struct {
  uint32_t maximum_nodes;
  uint32_t maximum_depth;
  /// Namespace declarations in scope at any one element.
  uint32_t maximum_namespaces;
} CXMLLimits;

/// Parses UTF-8. Gives NULL only when memory is out; otherwise a document whose `cxml_outcome` tells how it went.
/// Nothing is read but these octets, nothing is written to any stream.
CXMLDocument *cxml_parse(const uint8_t *octets, size_t count, CXMLLimits limits);
void cxml_free(CXMLDocument *document);

int cxml_outcome(const CXMLDocument *document);
/// What libxml2 said last about this document, or an empty string.
const char *cxml_message(const CXMLDocument *document);
/// The line that it said it of, from 1; 0 when it named none.
int cxml_line(const CXMLDocument *document);

typedef struct {
  int is_element;
  /// The number after the last descendant: a node's subtree is a range of numbers.
  uint32_t end;
  /// Elements: prefix and namespace_name are NULL where there is none.
  const char *local_name, *prefix, *namespace_name;
  uint32_t attribute_count, namespace_count;
  /// Text.
  const char *text;
  size_t text_count;
} CXMLNode;

typedef struct {
  const char *local_name, *prefix, *namespace_name, *value;
} CXMLAttribute;

typedef struct {
  /// NULL for the default namespace; an empty name takes a default namespace back.
  const char *prefix, *name;
} CXMLNamespace;

uint32_t cxml_node_count(const CXMLDocument *document);
/// These give 1, or 0 when the number is out of range.
int cxml_node(const CXMLDocument *document, uint32_t number, CXMLNode *node);
int cxml_attribute(const CXMLDocument *document, uint32_t element, uint32_t number, CXMLAttribute *attribute);
int cxml_namespace(const CXMLDocument *document, uint32_t element, uint32_t number, CXMLNamespace *declaration);

typedef struct {
  int exclusive;
  /// The element whose subtree is written.
  uint32_t apex;
  /// The element inside it that is left out; the apex itself for none.
  uint32_t omitted;
  /// Declarations of this namespace that the apex inherits are left out; NULL for none.
  const char *dropped_namespace;
  /// A longer canonical form is refused.
  size_t maximum_octets;
} CXMLCanonicalization;

/// Canonical XML 1.0 or Exclusive XML Canonicalization 1.0, both without comments. Gives an outcome; `*octets` is freed with
/// `cxml_free_octets`.
int cxml_canonicalize(CXMLDocument *document, CXMLCanonicalization request, uint8_t **octets, size_t *count);
void cxml_free_octets(uint8_t *octets);

#ifdef __cplusplus
}
#endif

#endif
