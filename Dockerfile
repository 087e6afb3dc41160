# The server and the client in one image: docker build -t testselect . (README.md, "In a container").
# Both stages take their packages from deploy/packages.txt, as the quick start does.
FROM debian:bookworm-slim AS build
WORKDIR /src
COPY deploy/install-packages.sh deploy/packages.txt deploy/
RUN deploy/install-packages.sh build
COPY . .
RUN cmake --preset release -DTESTSELECT_TESTS=OFF -DTESTSELECT_BENCHMARKS=OFF \
    && cmake --build --preset release --target testselectd testselect \
    && strip --strip-debug build/release/bin/testselectd build/release/bin/testselect

FROM debian:bookworm-slim
COPY deploy/install-packages.sh deploy/packages.txt /usr/local/share/testselect/
RUN /usr/local/share/testselect/install-packages.sh run \
    && apt-get clean && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 testselect \
    && useradd --uid 10001 --gid testselect --no-create-home --home-dir /var/lib/testselect testselect \
    && install -d -o testselect -g testselect -m 750 /var/lib/testselect
COPY --from=build /src/build/release/bin/testselectd /src/build/release/bin/testselect /usr/local/bin/
USER 10001:10001
WORKDIR /var/lib/testselect
VOLUME /var/lib/testselect
# Settings come as environment variables, so that the health check below sees the same ones. The server listens on
# loopback until TESTSELECT_LISTEN says otherwise, which also takes TLS files or TESTSELECT_INSECURE=true.
ENV TESTSELECT_DATA_DIR=/var/lib/testselect
EXPOSE 7600 7601
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["testselectd", "--check-health"]
ENTRYPOINT ["testselectd"]
