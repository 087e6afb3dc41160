package shop;

import java.io.StringReader;
import java.util.List;

public class Till implements AutoCloseable {
    private static final Till NONE = new Till();
    private int sum;
    private boolean open = true;

    private Till() {
    }

    public Till(int start) {
        assert start >= 0 : "negative";
        sum = start;
    }

    enum Kind { CASH, CARD }

    record Sale(Kind kind, int net) {
        int gross() {
            return net + net * 7 / 100;
        }
    }

    public int add(List<Sale> sales) {
        for (Sale sale : sales) {
            switch (sale.kind()) {
                case CASH:
                    sum += sale.gross();
                    break;
                default:
                    sum += sale.gross() + 1;
            }
        }
        return sales.isEmpty() ? sum : sales.stream().mapToInt(s -> s.net() * 2).sum();
    }

    public String name(String code) {
        switch (code) {
            case "a":
                return "apple";
            case "größe":
                return "size";
            default:
                return code;
        }
    }

    public int first(String text) throws Exception {
        try (StringReader reader = new StringReader(text)) {
            return reader.read();
        }
    }

    public synchronized int safe(Object lock, boolean fail) {
        synchronized (lock) {
            if (fail) {
                throw new IllegalStateException();
            }
            sum++;
        }
        return sum;
    }

    public int last(boolean fail) {
        try {
            if (fail) {
                throw new IllegalArgumentException();
            }
            return sum;
        } catch (IllegalStateException e) {
            return -1;
        } finally {
            open = false;
        }
    }

    public int loop(int n) {
        int steps = 0;
        while (n != 1 && steps < 100) {
            n = n % 2 == 0 ? n / 2 : 3 * n + 1;
            steps++;
        }
        do {
            steps--;
        } while (steps > 10);
        return steps;
    }

    @Override
    public void close() {
        if (this != NONE) {
            open = false;
        }
    }
}
