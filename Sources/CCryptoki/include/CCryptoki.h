#ifndef CCryptoki_H
#define CCryptoki_H
#endif
