#include "CXML.h"

#include <libxml/xmlversion.h>
// Debian builds libxml2 with ICU and so shows <unicode/ucnv.h> to everybody; nothing here needs it.
#undef LIBXML_ICU_ENABLED
#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/tree.h>
#include <libxml/xmlIO.h>
#include <libxml/xmlerror.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  xmlNodePtr node;
  uint32_t end;
} Entry;

struct CXMLDocument {
  xmlDocPtr tree;
  Entry *entries;
  uint32_t count, capacity;
  int outcome;
  int line;
  char message[256];
};

// MARK: Errors

static void fail(CXMLDocument *document, int outcome, const char *message) {
  document->outcome = outcome;
  document->line = 0;
  strncpy(document->message, message, sizeof document->message - 1);
}

// The first error is the cause, later ones its consequences.
static void remember_error(void *context, xmlErrorPtr error) {
  CXMLDocument *document = context;
  if (document == NULL || error == NULL || error->level < XML_ERR_ERROR || document->message[0] != 0 || error->message == NULL) return;
  strncpy(document->message, error->message, sizeof document->message - 1);
  for (size_t end = strlen(document->message); end > 0 && document->message[end - 1] == '\n'; end--) document->message[end - 1] = 0;
  document->line = error->line;
}

static void remember_parser_error(void *context, xmlErrorPtr error) {
  xmlParserCtxtPtr parser = context;
  if (parser != NULL) remember_error(parser->_private, error);
}

// Some of libxml2 speaks through these instead of a parser's own handler. They belong to the calling thread.
typedef struct {
  xmlStructuredErrorFunc function;
  void *context;
} ThreadErrorHandler;

static ThreadErrorHandler listen_on_this_thread(CXMLDocument *document) {
  ThreadErrorHandler previous = {xmlStructuredError, xmlStructuredErrorContext};
  xmlSetStructuredErrorFunc(document, remember_error);
  return previous;
}

static void restore(ThreadErrorHandler previous) { xmlSetStructuredErrorFunc(previous.context, previous.function); }

// MARK: Numbering

// A node's number plus one is kept in its `_private`, which libxml2 leaves to its user; 0 is a node without a number.
static uint32_t number_plus_one(xmlNodePtr node) { return (uint32_t)(uintptr_t)node->_private; }

static int append(CXMLDocument *document, xmlNodePtr node, uint32_t maximum) {
  if (document->count >= maximum) return CXML_TOO_MANY_NODES;
  if (document->count == document->capacity) {
    uint32_t capacity = document->capacity == 0 ? 64 : document->capacity * 2;
    Entry *entries = realloc(document->entries, capacity * sizeof *entries);
    if (entries == NULL) return CXML_OUT_OF_MEMORY;
    document->entries = entries;
    document->capacity = capacity;
  }
  node->_private = (void *)(uintptr_t)(document->count + 1);
  document->entries[document->count++] = (Entry){node, 0};
  return CXML_OK;
}

static uint32_t namespaces_declared(xmlNodePtr element) {
  uint32_t count = 0;
  for (xmlNsPtr declaration = element->nsDef; declaration != NULL; declaration = declaration->next) count++;
  return count;
}

// Attribute values are one text node each, or nothing: entity references cannot stand in them without a document type.
static int attributes_are_text(xmlNodePtr element) {
  for (xmlAttrPtr attribute = element->properties; attribute != NULL; attribute = attribute->next) {
    xmlNodePtr value = attribute->children;
    if (value != NULL && (value->type != XML_TEXT_NODE || value->next != NULL)) return 0;
  }
  return 1;
}

static int enter(CXMLDocument *document, xmlNodePtr node, CXMLLimits limits) {
  switch (node->type) {
  case XML_ELEMENT_NODE:
    if (!attributes_are_text(node)) return CXML_UNEXPECTED_NODE;
    return append(document, node, limits.maximum_nodes);
  case XML_TEXT_NODE:
  case XML_CDATA_SECTION_NODE:
    return append(document, node, limits.maximum_nodes);
  case XML_COMMENT_NODE:
    return CXML_OK;
  default:
    return CXML_UNEXPECTED_NODE;
  }
}

static void leave(CXMLDocument *document, xmlNodePtr node) {
  uint32_t number = number_plus_one(node);
  if (number != 0) document->entries[number - 1].end = document->count;
}

static int number_nodes(CXMLDocument *document, CXMLLimits limits) {
  if (document->tree->intSubset != NULL || document->tree->extSubset != NULL) return CXML_DOCUMENT_TYPE;
  uint32_t depth = 0, in_scope = 0;
  xmlNodePtr node = document->tree->children;
  while (node != NULL) {
    int outcome = enter(document, node, limits);
    if (outcome != CXML_OK) return outcome;
    if (node->type == XML_ELEMENT_NODE) {
      in_scope += namespaces_declared(node);
      if (in_scope > limits.maximum_namespaces) return CXML_TOO_MANY_NAMESPACES;
      if (++depth > limits.maximum_depth) return CXML_TOO_DEEP;
      if (node->children != NULL) {
        node = node->children;
        continue;
      }
    }
    for (;;) {
      leave(document, node);
      if (node->type == XML_ELEMENT_NODE) {
        in_scope -= namespaces_declared(node);
        depth--;
      }
      if (node->next != NULL) {
        node = node->next;
        break;
      }
      node = node->parent;
      if (node == NULL || node->type != XML_ELEMENT_NODE) return CXML_OK;
    }
  }
  return CXML_OK;
}

// MARK: Parsing

static pthread_once_t initialized = PTHREAD_ONCE_INIT;

static void parse(CXMLDocument *document, const uint8_t *octets, size_t count, CXMLLimits limits) {
  xmlParserCtxtPtr parser = xmlNewParserCtxt();
  if (parser == NULL) return fail(document, CXML_OUT_OF_MEMORY, "out of memory");
  parser->_private = document;
  parser->sax->serror = remember_parser_error;
  parser->keepBlanks = 1;  // whatever another user of the library has made the process-wide default
  // Never NOENT, DTDLOAD, DTDATTR, XINCLUDE or HUGE. The two silencing options only stop the handlers that print.
  document->tree = xmlCtxtReadMemory(
    parser, (const char *)octets, (int)count, NULL, "UTF-8", XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA);
  int sound = parser->wellFormed && parser->nsWellFormed && document->tree != NULL;
  xmlFreeParserCtxt(parser);
  if (!sound || document->message[0] != 0) {
    document->outcome = CXML_NOT_WELL_FORMED;
    if (document->message[0] == 0) fail(document, CXML_NOT_WELL_FORMED, "the parser gave no reason");
    return;
  }
  document->outcome = number_nodes(document, limits);
}

CXMLDocument *cxml_parse(const uint8_t *octets, size_t count, CXMLLimits limits) {
  pthread_once(&initialized, xmlInitParser);
  CXMLDocument *document = calloc(1, sizeof *document);
  if (document == NULL) return NULL;
  if (octets == NULL || count == 0 || count > INT32_MAX) {
    fail(document, CXML_NOT_WELL_FORMED, "the document is empty");
    return document;
  }
  ThreadErrorHandler previous = listen_on_this_thread(document);
  parse(document, octets, count, limits);
  restore(previous);
  return document;
}

void cxml_free(CXMLDocument *document) {
  if (document == NULL) return;
  xmlFreeDoc(document->tree);
  free(document->entries);
  free(document);
}

int cxml_outcome(const CXMLDocument *document) { return document->outcome; }
const char *cxml_message(const CXMLDocument *document) { return document->message; }
int cxml_line(const CXMLDocument *document) { return document->line; }

// MARK: Reading

static xmlNodePtr element_at(const CXMLDocument *document, uint32_t number) {
  if (number >= document->count) return NULL;
  xmlNodePtr node = document->entries[number].node;
  return node->type == XML_ELEMENT_NODE ? node : NULL;
}

uint32_t cxml_node_count(const CXMLDocument *document) { return document->outcome == CXML_OK ? document->count : 0; }

int cxml_node(const CXMLDocument *document, uint32_t number, CXMLNode *node) {
  if (number >= document->count) return 0;
  xmlNodePtr source = document->entries[number].node;
  *node = (CXMLNode){.is_element = source->type == XML_ELEMENT_NODE, .end = document->entries[number].end};
  if (!node->is_element) {
    node->text = source->content == NULL ? "" : (const char *)source->content;
    node->text_count = strlen(node->text);
    return 1;
  }
  node->local_name = (const char *)source->name;
  if (source->ns != NULL) {
    node->prefix = (const char *)source->ns->prefix;
    node->namespace_name = (const char *)source->ns->href;
  }
  for (xmlAttrPtr attribute = source->properties; attribute != NULL; attribute = attribute->next) node->attribute_count++;
  node->namespace_count = namespaces_declared(source);
  return 1;
}

int cxml_attribute(const CXMLDocument *document, uint32_t element, uint32_t number, CXMLAttribute *attribute) {
  xmlNodePtr node = element_at(document, element);
  xmlAttrPtr source = node == NULL ? NULL : node->properties;
  for (; source != NULL && number > 0; number--) source = source->next;
  if (source == NULL) return 0;
  *attribute = (CXMLAttribute){.local_name = (const char *)source->name, .value = ""};
  if (source->ns != NULL) {
    attribute->prefix = (const char *)source->ns->prefix;
    attribute->namespace_name = (const char *)source->ns->href;
  }
  if (source->children != NULL && source->children->content != NULL) attribute->value = (const char *)source->children->content;
  return 1;
}

int cxml_namespace(const CXMLDocument *document, uint32_t element, uint32_t number, CXMLNamespace *declaration) {
  xmlNodePtr node = element_at(document, element);
  xmlNsPtr source = node == NULL ? NULL : node->nsDef;
  for (; source != NULL && number > 0; number--) source = source->next;
  if (source == NULL) return 0;
  *declaration = (CXMLNamespace){(const char *)source->prefix, source->href == NULL ? "" : (const char *)source->href};
  return 1;
}

// MARK: Canonicalization

typedef struct {
  uint32_t first, last, omitted_first, omitted_last;
  xmlNodePtr apex;
  const xmlChar *dropped;
} Visibility;

static int is_inherited(const Visibility *visibility, xmlNsPtr declaration) {
  for (xmlNsPtr own = visibility->apex->nsDef; own != NULL; own = own->next) {
    if (own == declaration) return 0;
  }
  xmlNodePtr ancestor = visibility->apex->parent;
  for (; ancestor != NULL && ancestor->type == XML_ELEMENT_NODE; ancestor = ancestor->parent) {
    for (xmlNsPtr other = ancestor->nsDef; other != NULL; other = other->next) {
      if (other == declaration) return 1;
    }
  }
  return 0;
}

// Attributes and namespace declarations go with their element.
static int is_visible(void *context, xmlNodePtr node, xmlNodePtr parent) {
  const Visibility *visibility = context;
  if (node == NULL) return 0;
  if (node->type == XML_NAMESPACE_DECL) {
    xmlNsPtr declaration = (xmlNsPtr)node;
    int is_dropped = visibility->dropped != NULL && xmlStrEqual(declaration->href, visibility->dropped);
    if (is_dropped && is_inherited(visibility, declaration)) return 0;
    node = parent;
  } else if (node->type == XML_ATTRIBUTE_NODE) {
    node = parent;
  }
  if (node == NULL || (node->type != XML_ELEMENT_NODE && node->type != XML_TEXT_NODE && node->type != XML_CDATA_SECTION_NODE)) return 0;
  uint32_t number = number_plus_one(node);
  if (number == 0) return 0;
  number -= 1;
  if (number < visibility->first || number >= visibility->last) return 0;
  return number < visibility->omitted_first || number >= visibility->omitted_last;
}

// What is written. An exclusive form repeats a namespace's name at every element that uses it, so its size needs a bound.
typedef struct {
  uint8_t *octets;
  size_t count, capacity, maximum;
} Sink;

static int write_to_sink(void *context, const char *octets, int count) {
  Sink *sink = context;
  if (count < 0 || sink->maximum - sink->count < (size_t)count) return -1;
  if (sink->capacity - sink->count < (size_t)count) {
    size_t capacity = sink->capacity == 0 ? 8192 : sink->capacity;
    while (capacity - sink->count < (size_t)count) capacity *= 2;
    uint8_t *larger = realloc(sink->octets, capacity);
    if (larger == NULL) return -1;
    sink->octets = larger;
    sink->capacity = capacity;
  }
  memcpy(sink->octets + sink->count, octets, (size_t)count);
  sink->count += (size_t)count;
  return count;
}

static int canonicalize(CXMLDocument *document, CXMLCanonicalization request, uint8_t **octets, size_t *count) {
  xmlNodePtr apex = element_at(document, request.apex);
  if (apex == NULL || element_at(document, request.omitted) == NULL) return CXML_NO_CANONICAL_FORM;
  Visibility visibility = {
    .first = request.apex,
    .last = document->entries[request.apex].end,
    .omitted_first = request.omitted,
    .omitted_last = request.omitted == request.apex ? request.omitted : document->entries[request.omitted].end,
    .apex = apex,
    .dropped = (const xmlChar *)request.dropped_namespace,
  };
  Sink sink = {.maximum = request.maximum_octets};
  xmlOutputBufferPtr buffer = xmlOutputBufferCreateIO(write_to_sink, NULL, &sink, NULL);
  if (buffer == NULL) return CXML_OUT_OF_MEMORY;
  int mode = request.exclusive ? XML_C14N_EXCLUSIVE_1_0 : XML_C14N_1_0;
  int executed = xmlC14NExecute(document->tree, is_visible, &visibility, mode, NULL, 0, buffer);
  int closed = xmlOutputBufferClose(buffer);
  if (executed < 0 || closed < 0 || sink.octets == NULL) {
    free(sink.octets);
    return CXML_NO_CANONICAL_FORM;
  }
  *octets = sink.octets;
  *count = sink.count;
  return CXML_OK;
}

int cxml_canonicalize(CXMLDocument *document, CXMLCanonicalization request, uint8_t **octets, size_t *count) {
  *octets = NULL;
  *count = 0;
  if (document->outcome != CXML_OK) return CXML_NO_CANONICAL_FORM;
  document->message[0] = 0;
  document->line = 0;
  ThreadErrorHandler previous = listen_on_this_thread(document);
  int outcome = canonicalize(document, request, octets, count);
  restore(previous);
  return outcome;
}

void cxml_free_octets(uint8_t *octets) { free(octets); }
