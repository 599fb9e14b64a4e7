// Disruptor.java - the LMAX Disruptor in a process of its own: a slice per line of input, its outcome per line of output.
//
//     in:  shape producers consumers bytes batch waiting entries n
//     out: ns stall_ns [samples in ns ...]       or: error what
//
// One ring for a whole topology, as it is meant to be used: readers after one another, and after two others, wait on barriers
// and read the same entry; nothing is copied on. Every word is written and added up, and every reader's sum is checked here.
import com.lmax.disruptor.*;
import java.io.*;
import java.util.*;
import java.util.concurrent.CountDownLatch;

public final class Disruptor {
    /** Up to five words in fields, more in an array. */
    static final class Event {
        long a, b, c, d, e;
        final long[] more;

        Event(int words) {
            more = words > 5 ? new long[words] : null;
        }

        void fill(long i, int words) {
            if (words == 5) {
                a = i;
                b = i + 1;
                c = i + 2;
                d = i + 3;
                e = i + 4;
            } else if (words == 1) {
                a = i;
            } else {
                long[] word = more;
                for (int k = 0; k < word.length; k++) {
                    word[k] = i + k;
                }
            }
        }

        long sum(int words) {
            if (words == 5) {
                return a + b + c + d + e;
            }
            if (words == 1) {
                return a;
            }
            long sum = 0;
            for (long value : more) {
                sum += value;
            }
            return sum;
        }
    }

    static long total(long n, long words) {
        return words * (n * (n + 1) / 2) + n * (words * (words - 1) / 2);
    }

    /** Counts and adds up until it has had all. */
    static final class Reader implements EventHandler<Event> {
        final int words;
        final long expected;
        final boolean timed;
        final CountDownLatch done;
        long count, sum, last, stall;

        Reader(int words, long expected, boolean timed, CountDownLatch done) {
            this.words = words;
            this.expected = expected;
            this.timed = timed;
            this.done = done;
        }

        @Override
        public void onEvent(Event event, long sequence, boolean endOfBatch) {
            sum += event.sum(words);
            if (timed) {
                long now = System.nanoTime();
                stall = last != 0 && now - last > stall ? now - last : stall;
                last = now;
            }
            if (++count == expected) {
                done.countDown();
            }
        }
    }

    static WaitStrategy waiting(int how) {
        return how == 2 ? new BlockingWaitStrategy() : how == 1 ? new YieldingWaitStrategy() : new BusySpinWaitStrategy();
    }

    static void produce(RingBuffer<Event> ring, long n, int words, int batch) {
        if (batch == 1) {
            for (long i = 1; i <= n; i++) {
                long sequence = ring.next();
                ring.get(sequence).fill(i, words);
                ring.publish(sequence);
            }
            return;
        }
        for (long i = 1; i <= n; i += batch) {
            int count = (int) Math.min(batch, n - i + 1);
            long high = ring.next(count), low = high - count + 1;
            for (int k = 0; k < count; k++) {
                ring.get(low + k).fill(i + k, words);
            }
            ring.publish(low, high);
        }
    }

    /** A ring, kept from slice to slice; the readers are new each time. */
    static final Map<String, RingBuffer<Event>> rings = new HashMap<>();

    static RingBuffer<Event> ring(String key, int producers, int words, int entries, int how) {
        if (!rings.containsKey(key)) {
            rings.clear(); // one plan at a time: no memory for the ones before
            EventFactory<Event> factory = () -> new Event(words);
            rings.put(key, producers > 1 ? RingBuffer.createMultiProducer(factory, entries, waiting(how))
                    : RingBuffer.createSingleProducer(factory, entries, waiting(how)));
        }
        return rings.get(key);
    }

    /** The readers before each reader: none, the one before it, or for the last of a diamond both. */
    static Sequence[] before(int shape, int reader, BatchEventProcessor<?>[] processors) {
        if (shape == 2 && reader > 0) {
            return new Sequence[] {processors[reader - 1].getSequence()};
        }
        if (shape == 3 && reader == 2) {
            return new Sequence[] {processors[0].getSequence(), processors[1].getSequence()};
        }
        return new Sequence[0];
    }

    static String flow(String key, int shape, int producers, int consumers, int words, int batch, int how, int entries, long n)
            throws Exception {
        RingBuffer<Event> ring = ring(key, producers, words, entries, how);
        CountDownLatch done = new CountDownLatch(consumers);
        Reader[] readers = new Reader[consumers];
        BatchEventProcessor<?>[] processors = new BatchEventProcessor<?>[consumers];
        List<Thread> threads = new ArrayList<>();
        for (int c = 0; c < consumers; c++) {
            readers[c] = new Reader(words, n * producers, how == 2, done);
            processors[c] = new BatchEventProcessor<>(ring, ring.newBarrier(before(shape, c, processors)), readers[c]);
            processors[c].getSequence().set(ring.getCursor());
        }
        for (BatchEventProcessor<?> processor : processors) {
            ring.addGatingSequences(processor.getSequence());
            threads.add(new Thread(processor));
        }
        threads.forEach(Thread::start);
        for (BatchEventProcessor<?> processor : processors) {
            while (!processor.isRunning()) {
                Thread.yield();
            }
        }
        long begins = System.nanoTime();
        List<Thread> writers = new ArrayList<>();
        for (int p = 1; p < producers; p++) {
            writers.add(new Thread(() -> produce(ring, n, words, batch)));
        }
        writers.forEach(Thread::start);
        produce(ring, n, words, batch);
        done.await();
        long ns = System.nanoTime() - begins, stall = 0;
        for (Thread writer : writers) {
            writer.join();
        }
        for (int c = 0; c < consumers; c++) {
            processors[c].halt();
            stall = Math.max(stall, readers[c].stall);
        }
        for (Thread thread : threads) {
            thread.join();
        }
        for (int c = 0; c < consumers; c++) {
            ring.removeGatingSequence(processors[c].getSequence());
            if (readers[c].sum != producers * total(n, words)) {
                return "error checksum: what was consumed is not what was produced";
            }
        }
        return ns + " " + stall;
    }

    /** Waits for the next event by polling the barrier, as BusySpin does. */
    static long take(RingBuffer<Event> ring, SequenceBarrier barrier, Sequence mine, int words) throws Exception {
        long next = mine.get() + 1;
        barrier.waitFor(next);
        long sum = ring.get(next).sum(words);
        mine.set(next);
        return sum;
    }

    static String pingpong(int words, int entries, int n) throws Exception {
        EventFactory<Event> factory = () -> new Event(words);
        RingBuffer<Event> ping = RingBuffer.createSingleProducer(factory, entries, waiting(0));
        RingBuffer<Event> pong = RingBuffer.createSingleProducer(factory, entries, waiting(0));
        SequenceBarrier atPing = ping.newBarrier(), atPong = pong.newBarrier();
        Sequence fromPing = new Sequence(), fromPong = new Sequence();
        long[] sums = new long[2];
        int[] samples = new int[n];
        ping.addGatingSequences(fromPing);
        pong.addGatingSequences(fromPong);
        Thread other = new Thread(() -> {
            try {
                for (int i = 1; i <= n; i++) {
                    sums[1] += take(ping, atPing, fromPing, words);
                    produceOne(pong, i, words);
                }
            } catch (Exception e) {
                sums[1] = -1;
            }
        });
        other.start();
        long begins = System.nanoTime(), last = begins;
        for (int i = 1; i <= n; i++) {
            produceOne(ping, i, words);
            sums[0] += take(pong, atPong, fromPong, words);
            long now = System.nanoTime();
            samples[i - 1] = (int) (now - last);
            last = now;
        }
        other.join();
        if (sums[0] != total(n, words) || sums[1] != total(n, words)) {
            return "error checksum: what was consumed is not what was produced";
        }
        StringBuilder line = new StringBuilder(8 * n).append(last - begins).append(" 0");
        for (int sample : samples) {
            line.append(' ').append(sample);
        }
        return line.toString();
    }

    static void produceOne(RingBuffer<Event> ring, long i, int words) {
        long sequence = ring.next();
        ring.get(sequence).fill(i, words);
        ring.publish(sequence);
    }

    public static void main(String[] arguments) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true);
        for (String line; (line = in.readLine()) != null;) {
            String[] word = line.split(" ");
            int[] value = new int[8];
            for (int i = 0; i < value.length; i++) {
                value[i] = Integer.parseInt(word[i]);
            }
            int shape = value[0], words = value[3] / 8, n = value[7];
            String key = line.substring(0, line.lastIndexOf(' '));
            out.println(shape == 1 ? pingpong(words, value[6], n)
                    : flow(key, shape, value[1], value[2], words, value[4], value[5], value[6], n));
        }
    }
}
