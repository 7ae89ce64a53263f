"""How tablets on the clinic's network reach the kiosk in a secure context, without internet.

connection       all of it, kept up to date while the kiosk runs
clock            the time, if it can be believed
addresses        private addresses of the box
authority        certificate authority of the box, which can vouch for nothing else
leaf             the certificate that tablets see: 90 days, renewed at two thirds
own_certificate  a certificate of the clinic instead
files            writing keys and certificates
tls              protocol versions and ciphers; the kiosk's server speaks them
sockets          listening on the network
server           the WSGI server there
identity         which certificate to show, and what is wrong with it
name             what the box is called
mdns             publishes the name; a name that another box has is not taken
fingerprint      the authority's fingerprint as words and digits
profile          the authority for iPads
onboarding       the trust page: plain HTTP, and nothing but trust
pages            HTML and style of the trust, pairing and set-up pages
cli              the command `chartside connect`
screen           the attached display: progress of the start, then what `chartside connect show` prints
state            what `chartside connect`, `chartside doctor` and the terminal show
"""
