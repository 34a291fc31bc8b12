# dbassistd in a container, as a user without rights: docker build -t dbassistd .
# Try it with compose.yaml; docs/operations.md says what to mount.

FROM swift:6.3.1-bookworm AS build
WORKDIR /src
RUN apt-get update && apt-get install -q -y --no-install-recommends dpkg-dev make
COPY . .
RUN make deps release
RUN scripts/make-package .build/release/dbassistd /package

FROM debian:bookworm-slim
# The package brings the daemon's libraries, its user, and the client that tells whether it is well.
COPY --from=build /package/ /package/
RUN apt-get update && apt-get install -q -y --no-install-recommends /package/*.deb ca-certificates jq socat && \
    rm -rf /package /var/lib/apt/lists/* && install -d -m 0700 -o dbassistd -g dbassistd /run/dbassist
ENV HOME=/var/lib/dbassistd DBASSIST_STATE_DIR=/var/lib/dbassistd DBASSIST_SOCKET=/run/dbassist/dbassistd.sock
WORKDIR /var/lib/dbassistd
USER dbassistd
VOLUME ["/var/lib/dbassistd", "/run/dbassist"]
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["dbassist", "health", "--quiet"]
ENTRYPOINT ["dbassistd"]
CMD ["serve"]
