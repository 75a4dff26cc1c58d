#ifndef CTransport_H
#define CTransport_H
#endif
