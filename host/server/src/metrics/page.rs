//! Families of metrics as text, in the OpenMetrics format.
//!
//! The text is [prometheus-client](prometheus_client)'s; the numbers are given to it when somebody looks, so nothing has to be kept
//! in step with anything.

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, text},
    metrics::MetricType,
    registry::{Registry, Unit},
};

use super::{histogram::Reading, number::Number};

/// The names and values of a series' labels.
pub type Labels = Vec<(&'static str, String)>;

/// The media type of the text.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What a family is called, and what it says. With a unit the name ends in it.
#[derive(Clone, Debug)]
struct Family {
    name: &'static str,
    help: &'static str,
    unit: Option<Unit>,
    series: Series,
}

#[derive(Clone, Debug)]
enum Series {
    Gauges(Vec<(Labels, Number)>),
    Counters(Vec<(Labels, Number)>),
    Histograms(Vec<(Labels, Reading)>),
    Infos(Vec<Labels>),
}

/// Families to be written, in order.
#[derive(Debug, Default)]
pub struct Page(Vec<Family>);

impl Page {
    /// What goes up and down.
    pub fn gauges<N: Into<Number>>(
        &mut self,
        (name, unit): (&'static str, Option<Unit>),
        help: &'static str,
        series: impl IntoIterator<Item = (Labels, N)>,
    ) {
        let series = series.into_iter().map(|(labels, number)| (labels, number.into())).collect();
        self.0.push(Family { name, help, unit, series: Series::Gauges(series) });
    }

    /// One of them, without labels; none where it is not known.
    pub fn gauge<N: Into<Number>>(
        &mut self,
        named: (&'static str, Option<Unit>),
        help: &'static str,
        number: Option<N>,
    ) {
        self.gauges(named, help, number.map(|number| (Labels::new(), number)));
    }

    /// What only grows, while the host lives.
    pub fn counters<N: Into<Number>>(
        &mut self,
        (name, unit): (&'static str, Option<Unit>),
        help: &'static str,
        series: impl IntoIterator<Item = (Labels, N)>,
    ) {
        let series = series.into_iter().map(|(labels, number)| (labels, number.into())).collect();
        self.0.push(Family { name, help, unit, series: Series::Counters(series) });
    }

    /// Measurements by size.
    pub fn histograms(
        &mut self,
        (name, unit): (&'static str, Option<Unit>),
        help: &'static str,
        series: impl IntoIterator<Item = (Labels, Reading)>,
    ) {
        self.0.push(Family { name, help, unit, series: Series::Histograms(series.into_iter().collect()) });
    }

    /// What is told by labels alone.
    pub fn infos(&mut self, name: &'static str, help: &'static str, series: impl IntoIterator<Item = Labels>) {
        self.0.push(Family { name, help, unit: None, series: Series::Infos(series.into_iter().collect()) });
    }
}

/// The text of these pages, each with the prefix of its names.
#[must_use]
pub fn text(pages: impl IntoIterator<Item = (&'static str, Page)>) -> String {
    let mut text = String::new();
    for (prefix, page) in pages {
        let mut registry = Registry::with_prefix(prefix);
        registry.register_collector(Box::new(page));
        // Writing to a text does not fail.
        let _ = text::encode_registry(&mut text, &registry);
    }
    let _ = text::encode_eof(&mut text);
    text
}

impl Collector for Page {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|family| family.encode(&mut encoder))
    }
}

impl Family {
    fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let Self { name, help, unit, series } = self;
        let mut encoder = encoder.encode_descriptor(name, help, unit.as_ref(), series.metric_type())?;
        match series {
            Series::Gauges(series) => series
                .iter()
                .try_for_each(|(labels, number)| within(&mut encoder, labels, |encoder| encoder.encode_gauge(number))),
            Series::Counters(series) => series.iter().try_for_each(|(labels, number)| {
                within(&mut encoder, labels, |encoder| match number {
                    Number::Whole(number) => encoder.encode_counter::<NoLabelSet, _, f64>(number, None),
                    Number::Real(number) => encoder.encode_counter::<NoLabelSet, _, f64>(number, None),
                })
            }),
            Series::Histograms(series) => series.iter().try_for_each(|(labels, Reading { sum, count, buckets })| {
                within(&mut encoder, labels, |encoder| {
                    encoder.encode_histogram::<NoLabelSet>(*sum, *count, buckets, None)
                })
            }),
            Series::Infos(series) => series.iter().try_for_each(|labels| encoder.encode_info(labels)),
        }
    }
}

fn within(
    encoder: &mut MetricEncoder<'_>,
    labels: &Labels,
    write: impl FnOnce(&mut MetricEncoder<'_>) -> fmt::Result,
) -> fmt::Result {
    if labels.is_empty() { write(encoder) } else { write(&mut encoder.encode_family(labels)?) }
}

impl Series {
    fn metric_type(&self) -> MetricType {
        match self {
            Self::Gauges(_) => MetricType::Gauge,
            Self::Counters(_) => MetricType::Counter,
            Self::Histograms(_) => MetricType::Histogram,
            Self::Infos(_) => MetricType::Info,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sort_of_series_is_written_as_prometheus_reads_it() {
        let mut page = Page::default();
        page.gauges(("depth", None), "How deep", [(vec![("of", "a \"b\"\n".to_owned())], 7_u64)]);
        page.gauge(("age", Some(Unit::Seconds)), "How old", Some(1.5));
        page.gauge(("unknown", None), "Nobody knows", None::<u64>);
        page.counters(("calls", None), "How many", [(Labels::new(), 3_u64)]);
        page.infos("build", "Which", [vec![("version", "1".to_owned())]]);
        let reading = Reading { sum: 0.5, count: 1, buckets: vec![(1.0, 1), (f64::INFINITY, 0)] };
        page.histograms(("took", Some(Unit::Seconds)), "How long", [(Labels::new(), reading)]);
        let expected = "\
# HELP x_depth How deep
# TYPE x_depth gauge
x_depth{of=\"a \\\"b\\\"\\n\"} 7
# HELP x_age_seconds How old
# TYPE x_age_seconds gauge
# UNIT x_age_seconds seconds
x_age_seconds 1.5
# HELP x_unknown Nobody knows
# TYPE x_unknown gauge
# HELP x_calls How many
# TYPE x_calls counter
x_calls_total 3
# HELP x_build Which
# TYPE x_build info
x_build_info{version=\"1\"} 1
# HELP x_took_seconds How long
# TYPE x_took_seconds histogram
# UNIT x_took_seconds seconds
x_took_seconds_sum 0.5
x_took_seconds_count 1
x_took_seconds_bucket{le=\"1.0\"} 1
x_took_seconds_bucket{le=\"+Inf\"} 1
# EOF
";
        assert_eq!(text([("x", page)]), expected);
    }
}
